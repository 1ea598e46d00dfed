"""The private PostgreSQL cluster: one unix socket, no TCP, operating-system users mapped to database roles, no password anywhere."""

from pathlib import Path

from .layout import Layout, run_quiet


def binary(name: str) -> str:
    """Debian keeps the server's programs in a folder per major version; the newest one is taken."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise SystemExit("run: PostgreSQL's server programs are missing; run packaging/install-deps run as root")
    return str(found[-1])


def as_user(layout: Layout, role: str, command: list[str]) -> list[str]:
    if not layout.as_root:
        return command
    return ["setpriv", f"--reuid={layout.user(role)}", f"--regid={layout.user(role)}", "--init-groups", "--", *command]


def create_cluster(layout: Layout) -> None:
    data = layout.db / "data"
    if (data / "PG_VERSION").exists():
        return
    run_quiet(as_user(layout, "db", [binary("initdb"), "-D", str(data), "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8",
                                     "--auth=peer"]), cwd="/")
    (data / "pg_hba.conf").write_text("# Only the unix socket, only users the map names.\nlocal all all peer map=vitrine\n")
    (data / "pg_ident.conf").write_text(_ident(layout))
    layout.own(data / "pg_hba.conf", "db", 0o600)
    layout.own(data / "pg_ident.conf", "db", 0o600)


def _ident(layout: Layout) -> str:
    administrator = "root" if layout.as_root else layout.user("db")
    pairs = [(administrator, "postgres"), (administrator, "vitrine_admin"), (layout.user("db"), "postgres"),
             (layout.user("gateway"), "vitrine_gateway"), (layout.user("recorder"), "vitrine_recorder"), (layout.user("web"), "vitrine_web")]
    return "".join(f"vitrine {system} {role}\n" for system, role in dict.fromkeys(pairs))


def service(layout: Layout) -> dict:
    data = layout.db / "data"
    return {"name": "postgres", "role": "db", "ready": {"notify": True}, "stop_signal": "SIGINT",
            "argv": [binary("postgres"), "-D", str(data), "-k", str(layout.run_db), "-c", "listen_addresses=", "-c", "log_connections=off"]}


def conninfo(layout: Layout) -> str:
    return f"host={layout.run_db} dbname=vitrine"


def create_database(layout: Layout) -> None:
    """Makes the empty database once, in a short single-user run of the server, so that no service has to wait for it."""
    marker = layout.db / "created"
    if marker.exists():
        return
    run_quiet(as_user(layout, "db", [binary("postgres"), "--single", "-D", str(layout.db / "data"), "postgres"]), cwd="/",
              input="CREATE DATABASE vitrine;\n")
    marker.touch()


def schema_step(layout: Layout) -> dict:
    """Brings the database to this version's schema; the supervisor runs it to its end before it goes on."""
    return {"name": "schema", "role": "db", "once": True,
            "argv": [layout.program("vitrine"), "migrate", "--database", conninfo(layout) + " user=postgres"]}
