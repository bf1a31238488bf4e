"""Owners together: rights, proposals, assemblies and votes, the committee, the repair fund."""

from functools import partial

from gateway.table import creation, order, question
from services.contracts import owners

TAG = "owners"
_order, _creation, _question = partial(order, tag=TAG), partial(creation, tag=TAG), partial(question, tag=TAG)
ESTATE, ASSEMBLY, COMMITTEE, USE = (
    "/v1/owners/{estate}", "/v1/assemblies/{assembly}", "/v1/committees/{committee}", "/v1/fund-uses/{use}",
)  # fmt: skip

ROWS = (
    _question(f"{ESTATE}/rights", owners.ListRights, "产权登记", "Rights, home by home"),
    _question(f"{ESTATE}/electorate", owners.GetElectorate, "业主人数与专有面积", "Heads and area for votes"),
    _creation("/v1/proposals", owners.MakeProposal, "提出提案，开始征求意见", "Make a proposal"),
    _question("/v1/proposals", owners.ListProposals, "提案与意见", "Proposals and what was said to them"),
    _order("/v1/proposals/{proposal}/opinions", owners.GiveOpinion, "发表意见", "Give an opinion", key="required"),
    _creation("/v1/assemblies", owners.CallAssembly, "召集业主大会", "Call an owners' assembly"),
    _question("/v1/assemblies", owners.ListAssemblies, "业主大会", "Assemblies"),
    _question(ASSEMBLY, owners.GetAssembly, "一次业主大会及其议题", "An assembly and its agenda"),
    _order(f"{ASSEMBLY}/slips", owners.IssueSlips, "发放表决票码", "Issue voting slips", key="none"),
    _order(f"{ASSEMBLY}/proxies", owners.RegisterProxy, "登记书面委托", "Register a letter of proxy"),
    _order(f"{ASSEMBLY}/proxies/revoke", owners.RevokeProxy, "撤销委托", "Take a proxy back"),
    _order(f"{ASSEMBLY}/post", owners.PostResult, "登记结果已张贴", "The result is posted"),
    _order("/v1/votes/{vote}/ballots", owners.CastBallot, "投票，答复即回执", "Vote; the answer is the receipt", key="none"),
    _question("/v1/votes/{vote}", owners.GetVoteDocument, "可复算的表决公示", "The result, to be recounted by anyone"),
    _creation("/v1/committees", owners.ElectCommittee, "登记业主委员会", "Enter an elected committee"),
    _question("/v1/committees", owners.ListCommittees, "业主委员会及逾期事项", "Committees and what is overdue"),
    _question(COMMITTEE, owners.GetCommittee, "一个业主委员会", "One committee"),
    _order(f"{COMMITTEE}/seats", owners.ChangeSeats, "变更委员", "Change who sits"),
    _order(f"{COMMITTEE}/filing", owners.NoteFiling, "登记备案与办结", "Note filing and acceptance"),
    _order(f"{COMMITTEE}/meetings", owners.HoldCommitteeMeeting, "登记委员会会议", "Note a meeting"),
    _order(f"{ESTATE}/fund/deposits", owners.PayIntoFund, "登记维修资金交存", "Payments into the repair fund"),
    _order(f"{ESTATE}/fund/income", owners.BookCommonIncome, "登记共有部分收益", "Book common income"),
    _question(f"{ESTATE}/fund", owners.GetFund, "维修资金分户账", "The repair fund, home by home"),
    _question(f"{ESTATE}/fund/publicity", owners.GetFundPublicity, "维修资金与收益公示", "Publicity of the fund"),
    _creation("/v1/fund-uses", owners.ProposeFundUse, "提出使用维修资金", "Propose a use of the repair fund"),
    _question("/v1/fund-uses", owners.ListFundUses, "维修资金使用项目", "Uses of the repair fund"),
    _order(f"{USE}/prepay", owners.PrepayFundUse, "预付工程款", "Pay a part beforehand", key="required"),
    _order(f"{USE}/settle", owners.SettleFundUse, "审价结算", "Audit and settle", key="required"),
)  # fmt: skip
