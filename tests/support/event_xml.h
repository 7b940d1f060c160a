// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace vigil::test {

/// An event as EvtRender writes it: Windows 11 names its values, Windows 10 does not, Windows 7
/// does not either and has fewer of them.
struct EventXml {
  std::string provider = "Application Error";
  std::uint32_t id = 1000;
  std::string channel = "Application";
  std::uint64_t record_id = 90'259;
  std::string time = "2026-11-22T00:47:21.2335600Z";
  std::vector<std::string> values = {};
  std::vector<std::string> names = {};  ///< Of the first values; the rest have none.
  std::string binary = {};
  int level = 2;

  [[nodiscard]] std::string text() const {
    auto xml = fmt::format(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
        "<Provider Name='{}'/><EventID Qualifiers='0'>{}</EventID><Version>0</Version>"
        "<Level>{}</Level><TimeCreated SystemTime='{}'/><EventRecordID>{}</EventRecordID>"
        "<Correlation/><Execution ProcessID='0' ThreadID='0'/><Channel>{}</Channel>"
        "<Computer>SRV-1</Computer><Security/></System><EventData>",
        provider, id, level, time, record_id, channel);
    for (std::size_t i = 0; i < values.size(); ++i) {
      xml += i < names.size() ? fmt::format("<Data Name='{}'>", names[i]) : "<Data>";
      xml += values[i] + "</Data>";
    }
    if (!binary.empty()) xml += "<Binary>" + binary + "</Binary>";
    return xml + "</EventData></Event>";
  }
};

/// Orders.exe died of an access violation; process 0x4d2, started at 2026-11-22T00:40:00Z.
inline EventXml crash_event() {
  return {.values = {"Orders.exe", "4.2.1.0", "5fb30cf2", "carts.dll", "4.2.0.0", "5fb30cd7",
                     "c0000005", "00001a2b", "4d2", "1dd5b48d4d3c000", "C:\\Orders\\Orders.exe",
                     "C:\\Orders\\carts.dll", "F380F3B9-326D-4192-BD08-453B67CF1DE0", "", ""}};
}

/// The report about it.
inline EventXml report_event() {
  return {.provider = "Windows Error Reporting",
          .id = 1001,
          .record_id = 90'261,
          .time = "2026-11-22T00:47:25.0000000Z",
          .values = {"1570137938940312820",
                     "4",
                     "APPCRASH",
                     "Not available",
                     "0",
                     "Orders.exe",
                     "4.2.1.0",
                     "5fb30cf2",
                     "carts.dll",
                     "4.2.0.0",
                     "5fb30cd7",
                     "c0000005",
                     "00001a2b",
                     "",
                     "",
                     "\n\\\\?\\C:\\ProgramData\\x.dmp",
                     "C:\\WER\\AppCrash_1",
                     "",
                     "0",
                     "f380f3b9-326d-4192-bd08-453b67cf1de0",
                     "268435456",
                     "e450560e237eff4ca5ca4022f2e6bcf4",
                     "0"}};
}

/// What .NET wrote just before.
inline EventXml dotnet_event() {
  return {.provider = ".NET Runtime",
          .id = 1026,
          .record_id = 90'258,
          .time = "2026-11-22T00:47:20.9000000Z",
          .values = {"Application: Orders.exe\nCoreCLR Version: 8.0.23\n.NET Version: 8.0.0\n"
                     "Description: The process was terminated due to an unhandled exception.\n"
                     "Exception Info: System.InvalidOperationException: no such order\n"
                     "   at Orders.Cart.Total() in Cart.cs:line 21\n"}};
}

}  // namespace vigil::test
