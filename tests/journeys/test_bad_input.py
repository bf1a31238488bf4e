"""Whatever is wrong is said in Chinese and English with its field, and nothing is half done."""

import base64
import json
import random
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from deploy.demonstration import CONCENTRATOR, PLATFORM

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


def problem_of(answer, status, slug=None):
    """The problem, whole: both languages, a slug, the way to find it in the logs."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.text[:500]}"
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["status"] == status and problem["trace_id"] and problem["instance"]
    assert problem["detail_zh"] and problem["detail_en"] and problem["detail_zh"] != problem["detail_en"]
    for fault in problem["errors"]:
        assert fault["path"] and fault["zh"] and fault["en"]
    if slug:
        assert problem["slug"] == slug
    return problem


def paths_of(problem):
    return {fault["path"] for fault in problem["errors"]}


@pytest.fixture
def nothing_is_filed(platform):
    def newest():
        found = platform.as_account("clerk").ask("/v1/cases", matter="moving-in", limit=1)["items"]
        return found[0]["case_no"] if found else None

    before = newest()
    yield
    assert newest() == before


@pytest.fixture
def file(platform, nothing_is_filed):
    """Sends an application, or raw bytes in its place."""

    def send(content, content_type="application/json"):
        if not isinstance(content, bytes):
            content = json.dumps(content).encode()
        headers = {"Content-Type": content_type, "Idempotency-Key": str(uuid.uuid4())}
        return platform.as_account("terminal").post("/v1/cases", content=content, headers=headers)

    return send


# -- an application ------------------------------------------------------------------------------------


def test_an_unknown_matter(platform, file):
    problem_of(file(platform.family() | {"matter": "flying-carpet"}), 404, "unknown-matter")


def test_everything_missing_is_told_at_once(platform, file):
    application = platform.family()
    del application["applicant"]["phone"], application["form"]["address"], application["form"]["consent"]
    application["form"]["members"][1]["name"] = " "
    problem = problem_of(file(application), 422, "incomplete-form")
    assert paths_of(problem) == {"applicant.phone", "form.address", "form.consent", "form.members.1.name"}


@pytest.mark.parametrize("missing", ["matter", "applicant", "form"])
def test_a_part_of_the_application_is_missing(platform, file, missing):
    application = platform.family()
    del application[missing]
    assert paths_of(problem_of(file(application), 422)) == {missing}


def test_fields_nobody_asked_for(platform, file):
    application = platform.family()
    application["form"]["favourite_colour"] = "blue"
    application["form"]["members"][0]["shoe_size"] = 42
    problem = problem_of(file(application), 422)
    assert paths_of(problem) == {"form.favourite_colour", "form.members.0.shoe_size"}
    assert paths_of(problem_of(file(platform.family() | {"priority": "mine"}), 422)) == {"priority"}


@pytest.mark.parametrize(
    "path, value",
    [
        ("form.members", "everybody"),
        ("form.move_in_date", 20260301),
        ("form.water_reading", True),
        ("form.water_reading", -1),
        ("form.door_access", "chimney"),
        ("form.consent", "yes"),
        ("form.property_right_no", ["a", "b"]),
        ("applicant.phone", "12345"),
        ("applicant.name", {"first": "A"}),
    ],
)
def test_a_field_of_the_wrong_type(platform, file, path, value):
    application = platform.family()
    section, name = path.split(".")
    application[section][name] = value
    assert paths_of(problem_of(file(application), 422)) == {path}


@pytest.mark.parametrize("name, value", [("form", []), ("applicant", "me"), ("materials", {}), ("matter", 7)])
def test_a_part_of_the_wrong_type(platform, file, name, value):
    assert paths_of(problem_of(file(platform.family() | {name: value}), 422)) == {name}


def test_an_id_number_whose_check_digit_is_wrong(platform, file):
    application = platform.family()
    good = application["applicant"]["id_number"]
    bad = good[:-1] + ("0" if good[-1] != "0" else "1")
    application["applicant"]["id_number"] = application["form"]["members"][2]["id_number"] = bad
    problem = problem_of(file(application), 422)
    assert paths_of(problem) == {"applicant.id_number", "form.members.2.id_number"}
    assert bad not in json.dumps(problem)


def test_a_material_that_was_never_uploaded(platform, file):
    material = {"name": "vehicle-licence", "sha256": "0" * 64, "media_type": "image/png"}
    problem = problem_of(file(platform.family() | {"materials": [material]}), 422)
    assert paths_of(problem) == {"materials.0"}


# -- what is not JSON as others read it ----------------------------------------------------------------


def spoilt(platform, name):
    """The bytes of an application whose applicant's name is `name`, word for word."""
    application = platform.family()
    text = json.dumps(application)
    return text.replace(json.dumps(application["applicant"]["name"]), name, 1).encode()


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[1, 2", b'{"matter": moving-in}', b"\xff\xfe{}", b'{"a": NaN}', b"[]", b"null", b'"text"'],
)
def test_invalid_json(file, body):
    problem_of(file(body), 400, "invalid-json")


@pytest.mark.parametrize("depth", [40, 100_000])
def test_deep_nesting(file, depth):
    body = b'{"matter": "moving-in", "applicant": {}, "form": ' + b'{"a":' * depth + b"1" + b"}" * (depth + 1)
    problem_of(file(body), 400, "nested-too-deep")


def test_a_text_of_ten_megabytes(platform, file):
    problem_of(file(spoilt(platform, json.dumps("长" * 1_750_000))), 413)


def test_a_text_that_is_too_long_for_its_field(platform, file):
    problem = problem_of(file(spoilt(platform, json.dumps("长" * 10_000))), 422)
    assert "applicant.name" in paths_of(problem) and len(json.dumps(problem)) < 5000


def test_duplicate_keys(file):
    problem_of(
        file(b'{"matter": "moving-in", "matter": "repair", "applicant": {}, "form": {}}'),
        400,
        "duplicate-key",
    )


@pytest.mark.parametrize("name", [r'"\ud800"', r'"\udc00x"', r'"\u0000"', r'"A\u0000B"'])
def test_characters_that_cannot_be_stored(platform, file, name):
    problem_of(file(spoilt(platform, name)), 422, "unreadable-text")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/meters/%00/readings",
        "/v1/meters/W%00",
        "/v1/cases/20260101-0000018%00",
        "/v1/tasks/a.property%00",
        "/v1/registry/households/%00",
        "/v1/property/households/%00/fees",
        "/v1/cameras/%00",
        "/v1/findings?household=%00",
        "/v1/cases?q=%00",
        "/v1/registry/residents?q=a%00b",
        "/v1/overview?place=%00",
        "/v1/live?place=%00",
        "/v1/cases?%00=1",
    ],
)
def test_a_nul_in_an_address(platform, path):
    problem_of(platform.as_role("admin", None, "").get(path), 422, "unreadable-text")


SPOILT = [
    (b'{"%s": "A\\u0000B"}', 422, "unreadable-text"),
    (b'{"%s": "\\ud800"}', 422, "unreadable-text"),
    (b'{"%s": "a", "%s": "b"}', 400, "duplicate-key"),
    (b'{"%s": ', 400, "invalid-json"),
    (b'{"%s": ' + b'{"a":' * 40 + b"1" + b"}" * 41, 400, "nested-too-deep"),
]


@pytest.mark.parametrize("body, status, slug", SPOILT)
@pytest.mark.parametrize(
    "account, path, field",
    [
        ("clerk", "/v1/cases/{case_no}/supplement", b"form"),
        ("clerk", "/v1/cases/{case_no}/urge", b"reason"),
        ("property", "/v1/tasks/{case_no}.property/finish", b"note"),
        ("property", "/v1/tasks/{case_no}.property/return", b"reason"),
        ("property", "/v1/tasks/{case_no}.property/supplement", b"message"),
    ],
)
def test_what_is_written_later_is_read_as_carefully(
    platform, filed, account, path, field, body, status, slug
):
    before = platform.history(filed)
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
    answer = platform.as_account(account).post(
        path.format(case_no=filed), content=body.replace(b"%s", field), headers=headers
    )
    problem_of(answer, status, slug)
    assert platform.history(filed) == before


@pytest.fixture(scope="module")
def filed(platform):
    case_no = platform.file(platform.repair())["case_no"]
    platform.task("property", case_no, "property")
    return case_no


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/json; charset=gbk", ""])
def test_the_wrong_content_type(platform, file, kind):
    problem_of(file(platform.family(), kind), 415, "unsupported-content-type")


# -- files ---------------------------------------------------------------------------------------------


def upload(platform, content, kind, name="a.png"):
    return platform.as_account("terminal").post("/v1/materials", files={"file": (name, content, kind)})


def test_a_file_that_is_too_large(platform):
    problem_of(upload(platform, PNG + b"\0" * 10 * 2**20, "image/png"), 413)


@pytest.mark.parametrize(
    "content, kind",
    [
        (b"MZ\x90\0 a program", "image/png"),
        (PNG, "application/pdf"),
        (b"<svg onload=alert(1)>", "image/svg+xml"),
    ],
)
def test_a_file_that_is_not_what_it_says(platform, content, kind):
    problem_of(upload(platform, content, kind), 415, "not-what-it-says")


def test_an_upload_without_a_file(platform):
    terminal = platform.as_account("terminal")
    problem_of(terminal.post("/v1/materials", files={"other": ("a.png", PNG, "image/png")}), 400, "no-file")
    problem_of(upload(platform, b"", "image/png"), 400, "no-file")
    problem_of(terminal.post("/v1/materials", json={}), 415)


def test_a_good_file_is_known_by_its_content(platform):
    content = PNG + uuid.uuid4().bytes
    first, second = (
        upload(platform, content, "image/png"),
        upload(platform, content, "image/png", "../../b.png"),
    )
    assert first.status_code == second.status_code == 201 and first.json() == second.json()


# -- who asks ------------------------------------------------------------------------------------------


@pytest.fixture
def token(platform):
    return platform.as_account("clerk").headers["Authorization"].removeprefix("Bearer ")


def ask_with(platform, token):
    return platform.anybody(Authorization=f"Bearer {token}").get("/v1/cases")


def resigned(token, key, algorithm="EdDSA", **changed):
    claims = jwt.decode(token, options={"verify_signature": False}) | changed
    kid = jwt.get_unverified_header(token)["kid"]
    return jwt.encode(claims, key, algorithm, headers={"kid": kid})


def test_an_expired_token(platform, token):
    key = load_pem_private_key(Path(platform.env["YIKOU_SIGNING_KEY"]).read_bytes(), None)
    past = datetime.now(UTC) - timedelta(hours=1)
    assert ask_with(platform, resigned(token, key)).status_code == 200  # the key is the right one
    problem_of(ask_with(platform, resigned(token, key, exp=past)), 401, "token-expired")


def test_a_forged_token(platform, token):
    problem_of(ask_with(platform, resigned(token, Ed25519PrivateKey.generate())), 401, "token-invalid")
    head, _, seal = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False}) | {
        "roles": [{"role": "admin", "scope": ""}]
    }
    more = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    problem_of(ask_with(platform, f"{head}.{more}.{seal}"), 401, "token-invalid")


def test_a_token_without_a_signature(platform, token):
    problem_of(ask_with(platform, resigned(token, None, "none")), 401, "token-invalid")
    problem_of(ask_with(platform, resigned(token, "public" * 8, "HS256")), 401, "token-invalid")
    problem_of(ask_with(platform, "nonsense"), 401, "token-invalid")


def test_guessing_a_password_is_told_how_long_to_wait(platform):
    name, password = f"guessed-{uuid.uuid4().hex[:8]}", f"Nobody-Knows-{uuid.uuid4().hex}"
    platform.as_account("admin").order("/v1/accounts", account=name, name="x", password=password, roles=[])
    stranger = platform.anybody()
    wrong = {"grant": "password", "account": name, "password": "wrong"}
    for _ in range(5):
        problem_of(stranger.post("/v1/tokens", json=wrong), 401, "wrong-credentials")
    answer = stranger.post("/v1/tokens", json=wrong | {"password": password})
    problem_of(answer, 429, "too-many-failures")
    assert 0 < int(answer.headers["retry-after"]) <= 31


def test_nobody_in_particular_sees_nothing(platform):
    answer = platform.anybody().get("/v1/cases")
    problem_of(answer, 401, "sign-in-first")
    assert "www-authenticate" in answer.headers


def test_the_case_of_another_area_does_not_exist(platform):
    name, password = f"clerk-{uuid.uuid4().hex[:8]}", f"Far-Away-{uuid.uuid4().hex}"
    platform.as_account("admin").order(
        "/v1/accounts", account=name, name="外区窗口", password=password,
        roles=[{"role": "clerk", "scope": "110106002002"}],
    )  # fmt: skip
    stranger = platform.anybody()
    tokens = stranger.post(
        "/v1/tokens", json={"grant": "password", "account": name, "password": password}
    ).json()
    stranger.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    case_no = platform.file(platform.repair())["case_no"]
    theirs = problem_of(stranger.get(f"/v1/cases/{case_no}"), 404, "unknown-case")
    nobodys = problem_of(stranger.get("/v1/cases/20260101-0000018"), 404, "unknown-case")
    assert theirs["title"] == nobodys["title"]
    for path in ("history", "events"):
        problem_of(stranger.get(f"/v1/cases/{case_no}/{path}"), 404, "unknown-case")
    problem_of(stranger.send_order(f"/v1/cases/{case_no}/withdraw", reason="不是我的"), 404, "unknown-case")
    assert stranger.ask("/v1/cases")["items"] == []
    assert platform.case(case_no)["status"] == "dispatched"


def test_the_tracking_token_of_another_case(platform):
    mine, other = platform.file(platform.repair()), platform.file(platform.repair())
    holder = platform.anybody(**{"X-Tracking-Token": mine["tracking_token"]})
    assert holder.get(f"/v1/cases/{mine['case_no']}").status_code == 200
    problem_of(holder.get(f"/v1/cases/{other['case_no']}"), 404, "unknown-case")


# -- devices -------------------------------------------------------------------------------------------


@pytest.fixture
def meter(platform):
    return platform.new_meter(platform.home())


def reading_of(meter, minutes_ago=10, value="5", seq=1, **changed):
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=minutes_ago)
    return {
        "meter": meter, "register": "total", "at": at.isoformat(), "value": value, "unit": "m3", "seq": seq,
    } | changed  # fmt: skip


def send(platform, *readings):
    answer = platform.as_device().post("/v1/readings", json={"readings": readings})
    assert answer.status_code == 202, answer.text
    return answer.json()


def kept(platform, meter, count):
    """The values, once there are so many."""
    platform.until(lambda: len(platform.readings(meter)) >= count, f"{count} readings of {meter} are kept")
    return [float(one["value"]) for one in platform.readings(meter)]


def test_a_device_that_speaks_under_the_name_of_another(platform, meter):
    foreign, own = f"yikou/v1/{PLATFORM}/readings", f"yikou/v1/{CONCENTRATOR}/readings"
    assert not platform.publish(CONCENTRATOR, foreign, reading_of(meter, value="99"))
    assert platform.publish(CONCENTRATOR, own, reading_of(meter, minutes_ago=5, seq=2))
    assert kept(platform, meter, 1) == [5]


def test_a_device_with_the_wrong_secret(platform, meter):
    stranger = httpx.Client(base_url=platform.url, auth=(CONCENTRATOR, "guessed"), timeout=40)
    problem_of(stranger.post("/v1/readings", json={"readings": [reading_of(meter)]}), 401)
    assert not platform.publish("nobody-knows-me", "yikou/v1/nobody-knows-me/readings", reading_of(meter))


def test_wrong_readings_are_named_one_by_one_and_the_others_are_kept(platform, meter):
    answer = send(
        platform,
        reading_of(meter, minutes_ago=-60, value="6"),
        reading_of(meter, value="-1"),
        reading_of(meter, value="5"),
        reading_of(meter, unit="bucket"),
        {"meter": meter},
        reading_of(meter, minutes_ago=5, value="7", seq=2),
        reading_of(meter, at="2026-03-01 10:00"),
        reading_of(meter, value="NaN"),
    )
    assert answer["accepted"] == 2
    slugs = {one["index"]: one["problem"]["slug"] for one in answer["rejected"]}
    assert slugs == {
        0: "future", 1: "negative", 3: "unknown-unit", 4: "unreadable", 6: "unreadable", 7: "not-finite",
    }  # fmt: skip
    assert all(one["problem"]["zh"] and one["problem"]["en"] for one in answer["rejected"])
    assert kept(platform, meter, 2) == [5, 7]


def test_wrong_readings_over_mqtt_are_set_aside_and_the_others_are_kept(platform, meter):
    topic = f"yikou/v1/{CONCENTRATOR}/readings"
    wrong = [
        reading_of(meter, minutes_ago=-60, value="6", seq=3),
        reading_of(meter, value="-1", seq=4),
        {"meter": meter, "register": []},
        "not a reading",
        None,
    ]
    for one in wrong:
        assert platform.publish(CONCENTRATOR, topic, one)
    assert platform.publish(CONCENTRATOR, topic, reading_of(meter, minutes_ago=5, seq=9))
    assert kept(platform, meter, 1) == [5]


def test_doubles_and_readings_out_of_order(platform, meter):
    first, second, third = (reading_of(meter, 60 - 10 * n, str(n), n) for n in (1, 2, 3))
    send(platform, third, first, first)
    send(platform, second, third)
    assert kept(platform, meter, 3) == [1, 2, 3]


def test_a_meter_nobody_knows_is_told_so_and_what_it_sent_waits_for_it(platform):
    meter = f"W-LATER-{random.randint(10**8, 10**9)}"
    assert send(platform, reading_of(meter)) == {"accepted": 1, "rejected": []}
    officer = platform.as_account("meters")
    problem_of(officer.get(f"/v1/meters/{meter}/readings"), 404, "unknown-meter")
    home = platform.home()
    officer.order("/v1/meters", meter=meter, kind="water", place=home["place"], household=home["household"])
    assert kept(platform, meter, 1) == [5]


@pytest.mark.parametrize(
    "spoil, status, slug",
    [
        (lambda text: text.replace('"seq": 1', '"seq": 1, "seq": 1'), 400, "duplicate-key"),
        (lambda text: text.replace('"type": "fire"', '"type": "fire", "type": "fire"'), 400, "duplicate-key"),
        (lambda text: text.replace("spoil", "A\\u0000"), 422, "unreadable-text"),
        (lambda text: text.replace("spoil", "\\ud800"), 422, "unreadable-text"),
    ],
    ids=["a key twice in a reading", "a key twice in an alarm", "a NUL", "half a pair"],
)
def test_telemetry_that_two_readers_would_read_differently(platform, spoil, status, slug):
    at = datetime.now(UTC).isoformat()
    batches = {
        "/v1/readings": {"readings": [reading_of("W-1", register="spoil")]},
        "/v1/alarms": {"alarms": [{"type": "fire", "at": at, "label": "spoil"}]},
    }
    for path, batch in batches.items():
        text = json.dumps(batch)
        if spoil(text) != text:
            headers = {"Content-Type": "application/json"}
            answer = platform.as_device().post(path, content=spoil(text).encode(), headers=headers)
            problem_of(answer, status, slug)


@pytest.mark.parametrize(
    "body, status",
    [
        ({}, 422),
        ({"readings": "many"}, 422),
        ({"readings": [{}] * 5001}, 413),
        ([], 422),
        ({"readings": [], "x": 1}, 422),
    ],
)
def test_a_batch_that_is_no_batch(platform, body, status):
    problem_of(platform.as_device().post("/v1/readings", json=body), status)
