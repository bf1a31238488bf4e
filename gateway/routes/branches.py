"""A branch's own life: development of members, meetings and elections, dues, and its bonds with units, estates and employers."""

from functools import partial

from gateway.table import creation, order, question
from services.contracts import bonds, branches, development, dues

TAG = "party"
ROOT = "/v1/party"
MEMBER = f"{ROOT}/members/{{member_id}}"
MEETING = f"{ROOT}/meetings/{{meeting_id}}"
BRANCH = f"{ROOT}/branches/{{branch}}"

_ask = partial(question, tag=TAG)
_do = partial(order, tag=TAG)
_make = partial(creation, tag=TAG)

ROWS = (
    # development
    _ask(f"{ROOT}/development", development.ListDevelopment, "发展对象与下一步", "Who is on the way"),
    _ask(f"{MEMBER}/development", development.GetDevelopment, "发展党员二十五步", "All steps of one person"),
    _make(f"{ROOT}/development", development.OpenDevelopment, "登记入党申请", "An application is handed in"),
    _do(f"{MEMBER}/steps", development.RecordStep, "登记发展步骤", "The next step was taken"),
    _do(f"{MEMBER}/reviews", development.RecordReview, "登记半年考察", "A half-yearly review"),
    _do(f"{MEMBER}/probation", development.ExtendProbation, "延长预备期", "Extend the probation"),
    # meetings and elections
    _ask(f"{ROOT}/meetings", branches.ListBranchMeetings, "党内会议", "Meetings"),
    _ask(MEETING, branches.GetBranchMeeting, "会议、到会与决议", "A meeting with attendance and resolutions"),
    _ask(f"{ROOT}/cadence", branches.ListCadence, "组织生活完成情况", "What each branch owes of meetings"),
    _ask(f"{ROOT}/elections", branches.ListElections, "换届选举", "Elections"),
    _make(f"{ROOT}/meetings", branches.ConveneMeeting, "召集会议", "Convene a meeting"),
    _do(f"{MEETING}/sign-in", branches.SignIn, "签到", "A member is there"),
    _do(f"{MEETING}/leave", branches.TakeLeave, "请假", "A member cannot come"),
    _do(f"{MEETING}/hold", branches.HoldMeeting, "归档会议记录", "File the minutes"),
    _do(f"{MEETING}/cancel", branches.CancelMeeting, "取消会议", "It does not take place"),
    _do(f"{MEETING}/votes", branches.PutToVote, "表决", "Put a resolution to the vote", key="required"),
    _make(f"{ROOT}/elections", branches.CallElection, "启动选举", "Call an election"),
    _do(f"{BRANCH}/delay-election", branches.DelayElection, "延期换届", "Delay an election"),
    _do(f"{ROOT}/elections/{{election_id}}/count", branches.RecordElection, "登记选举结果", "The count"),
    # dues
    _ask(f"{MEMBER}/dues", dues.GetDuesAccount, "党费台账", "A member's dues"),
    _ask(f"{ROOT}/dues/notices", dues.ListDuesNotices, "党费欠缴提醒", "Arrears of dues"),
    _do(f"{MEMBER}/dues/basis", dues.SetDuesBasis, "核定党费基数", "What dues are reckoned from"),
    _do(f"{MEMBER}/dues/payments", dues.PayDues, "缴纳党费", "Dues were paid", key="required"),
    _do(f"{MEMBER}/dues/waivers", dues.WaiveDues, "减免党费", "Waive dues in hardship", key="required"),
    _do(f"{ROOT}/dues/notices/{{notice_id}}/settle", dues.SettleDuesNotice, "办结", "What was done about it"),
    # bonds
    _ask(f"{ROOT}/drive", bonds.GetDrive, "摸排、组建、选派、达标", "The drive in numbers and units"),
    _make(f"{ROOT}/joint-branches", bonds.FoundJointBranch, "成立联合党支部", "Found a joint branch"),
    _do(
        f"{ROOT}/duties/{{duty_id}}/instructor", bonds.AssignInstructor, "选派指导员", "Assign an instructor"
    ),
    _ask(f"{ROOT}/posts", bonds.ListPosts, "交叉任职与行业党委", "Posts held elsewhere"),
    _make(f"{ROOT}/posts", bonds.RecordPost, "登记任职", "Enter a post"),
    _do(f"{ROOT}/posts/{{post_id}}/end", bonds.EndPost, "任职结束", "The post is over"),
    _ask(f"{ROOT}/committees", bonds.ListCommittees, "业委会党员比例", "Members on owners' committees"),
    _do(f"{MEMBER}/household", bonds.KeepHousehold, "登记居住户", "Where a member lives"),
    _ask(f"{ROOT}/talks", bonds.ListTalks, "谈话提醒", "Arrears talks"),
    _ask(
        f"{ROOT}/talks/{{talk_id}}", bonds.GetTalk, "谈话对象（留痕）", "Whom to talk with; the look is noted"
    ),
    _do(f"{ROOT}/talks/{{talk_id}}/file", bonds.FileTalk, "谈话归档", "File what came of it"),
    _make(f"{ROOT}/appraisals", bonds.IssueAppraisal, "出具报到服务评价", "An appraisal for the unit"),
    _ask(f"{ROOT}/appraisals/{{appraisal_id}}", bonds.GetAppraisal, "报到服务评价", "The document"),
    _ask(f"{BRANCH}/assessment", bonds.AssessBranch, "支部年度考核", "A branch's year by items"),
)
