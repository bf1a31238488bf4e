"""Accounts, API keys, devices and the access log: for administrators, except one's own account and password."""

from functools import partial

from gateway.table import creation, order, question
from services.contracts import identity

TAG = "identity"

_ask = partial(question, tag=TAG)
_do = partial(order, tag=TAG)
_make = partial(creation, tag=TAG)

ROWS = (
    _ask(
        "/v1/account", identity.GetAccount, "本人账号", "One's own account", name="identity_get_own_account"
    ),
    _ask("/v1/accounts", identity.ListAccounts, "账号", "Accounts"),
    _ask("/v1/accounts/{account}", identity.GetAccount, "一个账号", "One account"),
    _make("/v1/accounts", identity.CreateAccount, "新建账号", "Create an account"),
    _do("/v1/accounts/{account}/password", identity.SetPassword, "修改密码", "Set a password"),
    _do("/v1/accounts/{account}/revoke", identity.RevokeAccount, "停用账号", "Close an account, at once"),
    _make("/v1/accounts/{account}/keys", identity.CreateApiKey, "新建 API 密钥", "An API key, shown once"),
    _do("/v1/keys/{prefix}/revoke", identity.RevokeApiKey, "停用 API 密钥", "Withdraw an API key"),
    _ask("/v1/devices", identity.ListDevices, "设备", "Devices"),
    _make("/v1/devices", identity.RegisterDevice, "登记设备", "Register a device"),
    _do("/v1/devices/{device}/revoke", identity.RevokeDevice, "停用设备", "A device may no longer sign in"),
    _ask("/v1/accesses", identity.ListAccesses, "访问日志", "The access log"),
)
