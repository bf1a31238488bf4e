"""The process table and the supervisor configuration made from it."""

from pathlib import Path

from deploy.local.processes import PROCESSES, SERVICES
from deploy.local.supervise import configure


def test_every_service_the_gateway_two_ingest_workers_and_the_concentrator_run():
    names = [process.name for process in PROCESSES]
    assert set(names) == {*SERVICES, "gateway", "meters-ingest-0", "meters-ingest-1", "meters-concentrator"}
    assert len(names) == len(set(names))


def test_every_process_has_a_port_of_its_own():
    variables = {process.port_variable for process in PROCESSES}
    assert len(variables) == len(PROCESSES)
    assert "YIKOU_HTTP_PORT_METERS_INGEST_1" in variables


def test_a_replica_finds_its_port_under_the_name_of_its_kind():
    config = configure(Path("/r/.run"), Path("/r"))
    told = config["program:meters-ingest-1"]["environment"]
    assert 'YIKOU_HTTP_PORT_METERS_INGEST="%(ENV_YIKOU_HTTP_PORT_METERS_INGEST_1)s"' in told


def test_the_configuration_restarts_drains_and_rotates():
    config = configure(Path("/r/.run"), Path("/r"))
    for process in PROCESSES:
        program = config[f"program:{process.name}"]
        assert program["autorestart"] == "true"
        assert (program["stopsignal"], program["stopwaitsecs"]) == ("TERM", "25")
        assert program["stdout_logfile"] == f"/r/.run/log/{process.name}.log"
        assert program["stdout_logfile_maxbytes"] == "10MB"
    assert config["unix_http_server"]["chmod"] == "0600"


def test_a_tree_with_a_space_or_a_percent_sign_in_its_name():
    program = configure(Path("/my 100% tree/.run"), Path("/my 100% tree"))["program:gateway"]
    assert program["directory"] == "/my 100%% tree"
    assert program["stdout_logfile"] == "/my 100%% tree/.run/log/gateway.log"


def test_a_deep_directory_gets_a_socket_the_kernel_accepts():
    config = configure(Path("/r" + "/deep" * 40), Path("/r"))
    assert len(config["unix_http_server"]["file"]) < 100
