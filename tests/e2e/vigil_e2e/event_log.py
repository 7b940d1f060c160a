# SPDX-License-Identifier: Apache-2.0
"""An event log to write to: the stand-in for wevtapi.dll in the Windows of a test, and events as Windows renders them."""

import datetime
import pathlib
import shutil
from xml.sax.saxutils import escape

from vigil_e2e.wine import WinePrefix

EPOCH_AS_FILETIME = 116_444_736_000_000_000
NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"


def filetime(moment: datetime.datetime) -> int:
    microseconds = (moment - datetime.datetime.fromtimestamp(0, datetime.timezone.utc)) // datetime.timedelta(microseconds=1)
    return EPOCH_AS_FILETIME + microseconds * 10


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


class EventLog:
    def __init__(self, machine: WinePrefix, standin: pathlib.Path):
        """Puts the stand-in in place of Wine's own: removed and copied, since the files of a prefix are links."""
        self._folder = machine.drive_c / "standin"
        (self._folder / "events").mkdir(parents=True)
        system = machine.drive_c / "windows" / "system32" / "wevtapi.dll"
        system.unlink()
        shutil.copy(standin, system)
        self._last = 90_000

    def set_mode(self, word: str) -> None:
        new = self._folder / "mode.new"
        new.write_text(word, encoding="ascii")
        new.replace(self._folder / "mode")

    def calls(self) -> list[str]:
        file = self._folder / "calls.txt"
        return file.read_text(encoding="latin-1").splitlines() if file.exists() else []

    def write_xml(self, xml: str) -> None:
        self._last += 1
        new = self._folder / "events" / f"{self._last}.new"
        new.write_text(xml, encoding="utf-8")
        new.replace(new.with_suffix(".xml"))

    def write(
        self,
        provider: str,
        event_id: int,
        values: list[str],
        *,
        channel: str = "Application",
        at: datetime.datetime | None = None,
        names: list[str] | None = None,
    ) -> None:
        """With names as Windows 11 has them, without as those before."""
        data = ""
        for index, value in enumerate(values):
            name = f" Name='{names[index]}'" if names and index < len(names) else ""
            data += f"<Data{name}>{escape(value)}</Data>"
        moment = (at or now()).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
        self.write_xml(
            f"<Event xmlns='{NAMESPACE}'><System><Provider Name='{provider}'/><EventID Qualifiers='0'>{event_id}</EventID>"
            f"<Level>2</Level><TimeCreated SystemTime='{moment}'/><EventRecordID>{self._last + 1}</EventRecordID>"
            f"<Channel>{channel}</Channel><Computer>SRV-1</Computer></System><EventData>{data}</EventData></Event>"
        )

    def write_crash(self, process: str, pid: int, start: datetime.datetime, report_id: str, code: str = "c0000005", **how) -> None:
        self.write(
            "Application Error",
            1000,
            [process, "4.2.1.0", "5fb30cf2", "carts.dll", "4.2.0.0", "5fb30cd7", code, "00001a2b", f"{pid:x}",
             f"{filetime(start):x}", f"C:\\apps\\{process}", "C:\\apps\\carts.dll", report_id, "", ""],
            **how,
        )

    def write_report(self, process: str, report_id: str, *, folder: str = "C:\\WER\\AppCrash_1", **how) -> None:
        self.write(
            "Windows Error Reporting",
            1001,
            ["1570137938940312820", "4", "APPCRASH", "Not available", "0", process, "4.2.1.0", "5fb30cf2", "carts.dll",
             "4.2.0.0", "5fb30cd7", "c0000005", "00001a2b", "", "", "", folder, "", "0", report_id,
             "268435456", "e450560e237eff4ca5ca4022f2e6bcf4", "0"],
            **how,
        )

    def write_dotnet(self, process: str, exception: str, **how) -> None:
        self.write(
            ".NET Runtime",
            1026,
            [f"Application: {process}\nCoreCLR Version: 8.0.23\n.NET Version: 8.0.0\nDescription: unhandled exception.\n"
             f"Exception Info: {exception}\n   at Orders.Cart.Total() in Cart.cs:line 21\n"],
            **how,
        )
