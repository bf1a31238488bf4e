"""Channels of the desk and statutory ones: what a counter has to know before it files or declines."""

from gateway.table import question
from services.contracts import channels

ROWS = (
    question(
        "/v1/channels",
        channels.ListChannels,
        "受理渠道：由谁使用、须登记什么",
        "The desk's channels: whose each is and what it needs",
        "matters",
    ),
    question(
        "/v1/statutory-channels",
        channels.ListStatutoryChannels,
        "诉讼、仲裁、复议、信访等法定途径",
        "Statutory channels: litigation, arbitration, review, petition…",
        "matters",
    ),
)
