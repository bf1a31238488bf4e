/** The words for where a case and a lane stand: the same on every face and on the phone page (gateway/routes/progress.py). */
import type { Both } from './words'

const of = (zh: string, en: string): Both => ({ zh, en })

export const CASE: Record<string, Both> = {
  registered: of('已登记', 'Registered'),
  dispatched: of('已交各部门', 'With the departments'),
  handling: of('办理中', 'In hand'),
  suspended: of('等待您补充材料', 'Waiting for you'),
  closed: of('已办结', 'Closed'),
  archived: of('已归档', 'Archived'),
  refused: of('未予办理', 'Refused'),
  answered: of('已当场答复', 'Answered at the desk'),
  withdrawn: of('已撤回', 'Withdrawn'),
  merged: of('已并入同一事件', 'Joined with another case'),
  'not-accepted': of('未予受理', 'Not accepted'),
  'transferred-emergency': of('已转紧急处置', 'Handed to emergency services'),
}

export const LANE: Record<string, Both> = {
  assigned: of('已派发', 'Sent to the department'),
  signed: of('已签收', 'Received'),
  handling: of('办理中', 'In hand'),
  supplement: of('需要您补充', 'Needs you'),
  'return-pending': of('正在确定承办部门', 'Finding the right department'),
  returned: of('已转其他部门', 'Passed to another department'),
  done: of('已完成', 'Done'),
  refused: of('未予办理', 'Refused'),
  withdrawn: of('已撤回', 'Withdrawn'),
}

export const STARS: Both[] = [
  of('非常不满意', 'Very dissatisfied'),
  of('不满意', 'Dissatisfied'),
  of('基本满意', 'Fairly satisfied'),
  of('满意', 'Satisfied'),
  of('非常满意', 'Very satisfied'),
]
export const RATEABLE = ['closed', 'refused', 'answered']

export const UNITS: Record<string, Both> = {
  party: of('党建', 'Party building'),
  property: of('物业', 'Property management'),
  cameras: of('安防监控', 'Security cameras'),
  meters: of('水电气表', 'Utility meters'),
  volunteers: of('志愿服务', 'Volunteers'),
  community: of('社区居委会', 'Residents’ committee'),
  grid: of('网格', 'Grid'),
  street: of('街道', 'Street office'),
  police: of('派出所', 'Police'),
  'civil-affairs': of('民政', 'Civil affairs'),
  insurance: of('医保', 'Medical insurance'),
  housing: of('住建房管', 'Housing'),
  planning: of('规划', 'Planning'),
  construction: of('建设', 'Construction'),
  fire: of('消防', 'Fire service'),
  market: of('市场监管', 'Market supervision'),
  employment: of('就业服务', 'Employment'),
  'health-station': of('卫生服务站', 'Health station'),
  mediation: of('调解委员会', 'Mediation committee'),
  legal: of('司法', 'Legal service'),
  government: of('区政府', 'District government'),
  'owners-committee': of('业主委员会', 'Owners’ committee'),
}
