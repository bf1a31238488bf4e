"""Meters: their readings, accounts and findings. What devices send comes in by routes/readings.py."""

from functools import partial

from gateway.table import creation, order, question
from services.contracts import meters

TAG = "meters"

_ask = partial(question, tag=TAG)
_do = partial(order, tag=TAG)

ROWS = (
    _ask("/v1/meters", meters.ListMeters, "辖区内的表计", "Meters within your areas"),
    _ask("/v1/meters/{meter}/readings", meters.ListReadings, "一块表的读数", "A meter's readings"),
    _ask("/v1/meters/{meter}", meters.GetMeter, "一块表", "One meter with its newest reading"),
    _ask("/v1/meters/accounts/{household}", meters.GetAccount, "一户的水电气账户", "A household's accounts"),
    _ask("/v1/findings", meters.ListFindings, "用水异常", "Concerns and suspected leaks"),
    creation("/v1/meters", meters.RegisterMeter, "登记表计", "Enter a meter", TAG),
    _do("/v1/findings/{finding_id}/acknowledge", meters.AcknowledgeFinding, "确认", "Somebody acts on it"),
    _do(
        "/v1/welfare/{household}/rule",
        meters.SetWelfareRule,
        "独居关爱规则",
        "Watch somebody who lives alone",
    ),
    _do("/v1/welfare/{household}/away", meters.SetAway, "外出登记", "Nobody is at home until then"),
    _ask(
        "/v1/meters/{meter}/consumption",
        meters.GetConsumption,
        "一块表的用量",
        "What a meter's register used",
    ),
    _ask("/v1/meters/{meter}/series", meters.GetSeries, "一块表的用量曲线", "What a meter used, as a curve"),
    _ask(
        "/v1/meters/{meter}/findings",
        meters.ListVeeFindings,
        "一块表的校验发现",
        "What validation says of a meter",
    ),
    _ask("/v1/meters/{meter}/edits", meters.ListEdits, "估算与人工改动", "Estimates and people's edits"),
    _ask("/v1/meters/{meter}/registers", meters.ListRegisters, "一块表的寄存器", "A meter's registers"),
    creation("/v1/meters/{meter}/edits", meters.EditReading, "改读数", "Edit a reading", TAG),
    _do("/v1/edits/{edit_id}/revert", meters.RevertEdit, "撤销改动", "Take an edit back"),
    _do("/v1/meters/{meter}/registers", meters.SetRegister, "设置寄存器", "Say what a register is"),
    _do("/v1/meters/{meter}/exchange", meters.ExchangeMeter, "换表", "Exchange a meter"),
    _do(
        "/v1/meters/{meter}/binding", meters.BindMeter, "绑定上报方", "Say who alone sends a meter's readings"
    ),
    _do(
        "/v1/concentrators/{sender}/binding",
        meters.BindConcentrator,
        "绑定集中器已上报的表计",
        "Bind the meters that a concentrator was the first to report",
    ),
    _ask("/v1/quarantine", meters.ListQuarantine, "隔离的读数", "Readings kept out"),
    _do("/v1/quarantine/{reading_id}/release", meters.ReleaseReading, "放行读数", "Let a reading in"),
    _do("/v1/quarantine/{reading_id}/dismiss", meters.DismissReading, "不予采用", "Leave a reading out"),
    # bills
    _ask("/v1/tariffs", meters.ListTariffs, "水电气价目", "What water, electricity and gas cost"),
    _ask("/v1/bills", meters.ListBills, "账单", "Bills"),
    _ask(
        "/v1/meters/accounts/{account}/bills",
        meters.ListBills,
        "一个账户的账单",
        "An account's bills",
        name="meters_list_bills_of_account",
    ),
    _ask(
        "/v1/meters/accounts/{account}/ledger",
        meters.GetAccountLedger,
        "账户往来",
        "What an account owes, line by line",
    ),
    _ask("/v1/bills/{bill}", meters.GetBill, "一张账单，逐行说明", "A bill, explained line by line"),
    _ask("/v1/bill-runs", meters.ListBillRuns, "出账批次", "Bill runs"),
    _ask("/v1/bill-runs/{run}", meters.GetBillRun, "出账进度", "How far a bill run is"),
    creation("/v1/bill-runs", meters.RunBills, "出账", "Bill a place for a month", TAG, status=202),
    _do("/v1/bill-runs/{run}/issue", meters.IssueBills, "发出草稿账单", "Issue a run's drafts"),
    _do("/v1/bills/{bill}/dispute", meters.DisputeBill, "对账单提出异议", "Dispute a bill: it is on hold"),
    _do("/v1/bills/{bill}/settle", meters.SettleDispute, "异议了结", "The bill stands"),
    _do("/v1/bills/{bill}/correct", meters.CorrectBill, "更正账单", "Make a bill again from its days"),
    _do("/v1/bills/{bill}/cancel", meters.CancelBill, "作废账单", "Take back the latest bill"),
    _do("/v1/meters/accounts/{account}/tariff", meters.SetTariff, "变更价目", "Another tariff from now on"),
)
