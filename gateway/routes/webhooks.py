"""Webhooks: a company's own software is told what happens in its areas."""

from functools import partial

from gateway.table import creation, order, question
from services.contracts import webhooks

TAG = "webhooks"
ONE = "/v1/webhooks/{webhook}"
_order = partial(order, tag=TAG)

ROWS = (
    creation(
        "/v1/webhooks",
        webhooks.RegisterWebhook,
        "登记推送地址，答复中有签名密钥",
        "Register an endpoint; the answer holds its signing secret",
        TAG,
    ),
    question("/v1/webhooks", webhooks.ListWebhooks, "本账号的推送地址", "Your endpoints", TAG),
    _order(ONE, webhooks.ChangeWebhook, "修改推送地址", "Change an endpoint"),
    _order(
        f"{ONE}/secret",
        webhooks.RotateWebhookSecret,
        "更换密钥，新旧并行一段时间",
        "A new secret, beside the old one for a while",
    ),
    _order(f"{ONE}/disable", webhooks.DisableWebhook, "停用", "Switch off"),
    _order(f"{ONE}/enable", webhooks.EnableWebhook, "启用", "Switch on"),
    _order(f"{ONE}/test", webhooks.TestWebhook, "发一条测试消息", "Send a test message"),
    _order(f"{ONE}/replay", webhooks.ReplayWebhook, "重新推送", "Send again"),
    question(
        f"{ONE}/deliveries", webhooks.ListDeliveries, "推送记录，新的在前", "What was sent, newest first", TAG
    ),
)
