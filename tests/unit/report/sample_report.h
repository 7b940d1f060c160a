// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/report.h"

namespace vigil::report {

/// A report with something in every field.
inline Report sample_report() {
  Report r;
  r.analyzer = "vigil 0.1.0";
  r.status = "partial";
  r.synopsis =
      "OrdersApi.exe 4.2.1.0 read address 0x18 through a null pointer in orders!Cart::total+0x1a";
  r.signature = {"orders!Cart::total | orders!Cart::checkout | ACCESS_VIOLATION", 1};
  r.dump_format = "minidump";
  r.dump_bytes = 1'300'000;
  r.dump_time = {1'795'230'245'678'000};
  r.comment = "taken by hand";
  r.system = {"Windows", "10.0.20348", "amd64", "GenuineIntel family 6 model 106 stepping 6",
              8,         2600};
  r.process = {4711, "OrdersApi.exe", Timestamp{1'795'222'000'000'000}, std::chrono::seconds(8245)};

  auto& crash = r.crash.emplace();
  crash.kind = "exception";
  crash.code = 0xc0000005;
  crash.name = "ACCESS_VIOLATION";
  crash.meaning = "memory was accessed without the right to";
  crash.address = 0x7ff8'1000'101a;
  crash.accessed_address = 0x18;
  crash.access = "read";
  crash.exit_code = 0xc0000005;
  crash.parameters = {0, 0x18};
  crash.decoded = {
      "it read address 0x18, which is in the first 64 KiB: a null pointer and an offset"};
  crash.thread_id = 104;
  r.blamed_thread = 1;
  r.blamed_frame = 1;

  auto& main = r.threads.emplace_back();
  main.thread_id = 100;
  main.name = "main";
  main.frames = {{0x7ff9'2000'0010, "ntdll.dll", 0x10, "NtWaitForSingleObject", 0x14, "", 0,
                  "context", "exports"}};
  main.stop_reason = "no_memory";
  main.registers = {{"rip", 0x7ff9'2000'0010}};

  auto& worker = r.threads.emplace_back();
  worker.thread_id = 104;
  worker.name = "worker";
  worker.frames = {{0x7ff9'2000'0020, "ntdll.dll", 0x20, "", 0, "", 0, "context", ""},
                   {0x7ff8'1000'101a, "orders.dll", 0x101a, "Cart::total", 0x1a,
                    "C:\\src\\orders\\cart.cpp", 42, "unwind_info", "pdb"},
                   {0xdead, "", 0, "", 0, "", 0, "scan", ""}};
  worker.stop_reason = "end_of_stack";
  worker.registers = {{"rax", 0}, {"rcx", 0x18}, {"rbx", 1}, {"rsp", 2}, {"rip", 0x7ff8'1000'101a}};

  r.modules = {{0x7ff6'0000'0000, 0x20000, "C:\\Program Files\\Orders\\OrdersApi.exe", "4.2.1.0",
                "5E5E5E5E20000", "OrdersApi.pdb", "0123456789ABCDEF0123456789ABCDEF1", "pdb"},
               {0x7ff9'2000'0000, 0x1000, "ntdll.dll", "", "", "", "", "exports"},
               {0x7ff8'1000'0000, 0x9000, "orders.dll", "", "", "", "", "none"}};
  r.unloaded_modules = {{0x7ff8'4000'0000, 0x3000, "plugin.dll"}};
  r.memory = {1'048'576, 12, 5'000'000, 6'000'000, 3'000'000, 500'000, 1'500'000};
  r.streams = {"ThreadListStream", "0x47670001"};
  r.diagnostics = {
      "module at 0x00007ff810000000: name: needs 4 bytes at offset 0xfffffff0 and has 134 in all"};
  return r;
}

}  // namespace vigil::report
