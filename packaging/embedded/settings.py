"""The configuration file of an embedded installation."""

from .database import conninfo
from .layout import Layout, SESSION_UID_BASE


def write(layout: Layout) -> None:
    """Written at every start: it holds paths and ports only, and a new version may know new keys."""
    pki = layout.pki
    layout.config.write_text(f"""\
# Written by packaging/run; changes are lost at the next start.
node: embedded
gateway:
  rdp: {{ address: "{layout.listen}", port: {layout.rdp_port} }}
  vnc: {{ address: "{layout.listen}", port: {layout.vnc_port} }}
  certificate_file: {pki}/gateway.pem
  private_key_file: {pki}/gateway.key
  master_key_file: {pki}/master.key
  session_program: {layout.program("vitrine-session")}
  session_uid_base: {SESSION_UID_BASE if layout.as_root else 0}
recorder:
  socket_path: {layout.run_recorder}/recorder.sock
  live_socket_path: {layout.run_live}/live.sock
  store_dir: {layout.store}
  signing_key_file: {pki}/recorder.key
  signing_certificate_file: {pki}/recorder.pem
  archive_certificate_file: {pki}/archive.pem
  keystroke_certificate_file: {pki}/keystrokes.pem
  running_key_dir: {layout.keys}
web:
  https: {{ address: "{layout.listen}", port: {layout.web_port} }}
  certificate_file: {pki}/web.pem
  private_key_file: {pki}/web.key
  archive_key_file: {pki}/archive.key
  console_dir: {layout.app}/share/vitrine/console
export:
  certificate_file: {pki}/export.pem
  private_key_file: {pki}/export.key
  spool_dir: {layout.export}
  ca_file: {pki}/evidence-ca.pem
database:
  conninfo: "{conninfo(layout)}"
""")
    layout.config.chmod(0o644)
