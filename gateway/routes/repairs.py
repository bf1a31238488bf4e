"""Property management: repair orders, household files, fees."""

from functools import partial

from gateway.table import creation, order, question
from services.contracts import property

TAG = "property"
REPAIR = "/v1/repairs/{order_no}"

_ask = partial(question, tag=TAG)
_do = partial(order, tag=TAG)

ROWS = (
    creation("/v1/repairs", property.ReportRepair, "报修", "Report something broken", TAG),
    _ask("/v1/repairs", property.ListRepairs, "报修单，急的在前", "Repair orders, most urgent first"),
    _ask(REPAIR, property.GetRepair, "一张报修单", "One repair order with its history"),
    _do(f"{REPAIR}/grade", property.GradeRepair, "定级", "Say how urgent it is"),
    _do(f"{REPAIR}/assign", property.AssignRepair, "派单", "Send a worker"),
    _do(f"{REPAIR}/grab", property.GrabRepair, "抢单", "Take an order oneself"),
    _do(f"{REPAIR}/transfer", property.TransferRepair, "转单", "Hand an order back"),
    _do(f"{REPAIR}/arrive", property.ArriveRepair, "到场", "On site"),
    _do(f"{REPAIR}/quote", property.QuoteRepair, "报价", "Name the price before the work"),
    _do(f"{REPAIR}/agree", property.AcceptQuote, "同意报价", "The household agrees to the price"),
    _do(f"{REPAIR}/finish", property.FinishRepair, "修复", "The work is done"),
    _do(f"{REPAIR}/confirm", property.ConfirmRepair, "住户确认", "The household confirms"),
    _do(f"{REPAIR}/rating", property.RateRepair, "评价", "Rate, 1 to 5"),
    _ask("/v1/property/households/{household}", property.GetHousehold, "房屋档案", "A household's file"),
    _ask("/v1/property/households/{household}/fees", property.GetFeeAccount, "物业费账户", "A fee account"),
    _ask("/v1/property/arrears", property.ListArrears, "欠费", "Households that owe"),
    creation("/v1/property/charges", property.ChargeFees, "计费", "Charge a month", TAG),
    creation("/v1/property/payments", property.PayFee, "收费", "Take a payment", TAG),
)
