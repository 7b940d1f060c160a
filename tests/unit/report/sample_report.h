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
  r.signature = {
      "orders!Cart::total | orders!Cart::checkout | ACCESS_VIOLATION", 1,
      "orders.dll+0x101a | ACCESS_VIOLATION read",
      "APPCRASH | OrdersApi.exe | 4.2.1.0 | 5e5e5e5e | orders.dll | 0.0.0.0 | 00000000 | "
      "c0000005 | 000000000000101a"};
  r.dump_format = "minidump";
  r.dump_bytes = 1'300'000;
  r.dump_time = {1'795'230'245'678'000};
  r.comment = "taken by hand";
  r.system = {"Windows", "10.0.20348", "amd64", "GenuineIntel family 6 model 106 stepping 6",
              8,         2600};
  r.system.cpu_current_mhz = 1200;
  r.system.os_product = "Windows Server 2022";
  r.system.os_role = "server";
  r.system.os_suites = {"datacenter"};
  r.system.os_build = "20348.1.amd64fre.fe_release.210507-1500";
  r.system.cpu_model_name = "Example CPU";
  r.system.cpu_microcode = "0x2e";
  r.system.cpu_features = {"sse2", "avx"};
  r.system.time_zone = "UTC+02:00 W. Europe Daylight Time";
  r.process = {4711, "OrdersApi.exe", Timestamp{1'795'222'000'000'000}, std::chrono::seconds(8245)};
  r.process.integrity = "high";
  r.process.is_protected = false;
  r.process.user_time = std::chrono::seconds(3);
  r.process.kernel_time = std::chrono::seconds(2);
  r.process.memory = {77,         40'000'000, 50'000'000, 30'000'000, 35'000'000,
                      36'000'000, 60'000'000, 1 << 30,    1 << 30,    400'000,
                      20'000,     1'000'000,  36'000'000, 60'000'000, 100'000'000};

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
  crash.instruction = "mov rax, [rcx+0x18]";
  crash.instruction_bytes = "48 8b 41 18";
  crash.memory_accesses = {{0x18, 8, "read"}};
  crash.adjusted_address = {"null-pointer", 0x18, 0x18};
  r.locks = {{0x7ff8'1001'4000, "critical_section", "", 100, 1, {104}},
             {0x7ff9'2001'5000, "critical_section", "loader_lock", 104, 2, {100}}};
  r.deadlocks = {{{100, 104}, {0x7ff9'2001'5000, 0x7ff8'1001'4000}}};
  r.blame_reason = "it is the one that others wait for";
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
  r.samples = {3, 10'200, 1, 1, 0, 0, 0, 2};
  r.threads[0].movement = {"same", 3, 0};
  r.threads[1].movement = {"innermost", 3, 9'800};
  r.unloaded_modules = {{0x7ff8'4000'0000, 0x3000, "plugin.dll"}};
  r.memory = {1'048'576, 12, 5'000'000, 6'000'000, 3'000'000, 500'000, 1'500'000};
  r.memory.physical_total = std::uint64_t{16} << 30;
  r.memory.physical_available = std::uint64_t{2} << 30;
  r.memory.file_cache = 300'000'000;
  r.memory.system_commit = std::uint64_t{15} << 30;
  r.memory.system_commit_limit = std::uint64_t{18} << 30;
  r.memory.system_peak_commit = std::uint64_t{17} << 30;
  r.handle_summary = {302, {{"Event", 200}, {"File", 100}, {"", 2}}, 5};
  r.handles = {{8, "Mutant", "\\BaseNamedObjects\\Orders", 4711, 104, false},
               {12, "Mutant", "", 0, 0, true}};
  r.crashpad = {"14fdd8b4-4bc3-4353-6162-636465666768",
                "18b7119e-0001-0002-696a-6b6c6d6e6f70",
                {{"prod", "Orders"}, {"ver", "4.2.1"}},
                {{"orders.dll", {"out of stock"}, {{"cart", "17"}}}}};
  auto& circumstances = r.circumstances.emplace();
  circumstances.at = {1'795'230'245'600'000};
  circumstances.processors = 8;
  circumstances.physical_total = std::uint64_t{16} << 30;
  circumstances.physical_available = std::uint64_t{2} << 30;
  circumstances.commit_total = std::uint64_t{15} << 30;
  circumstances.commit_limit = std::uint64_t{18} << 30;
  circumstances.disk_free = std::uint64_t{100} << 30;
  circumstances.record = {{2000, 1000, 0},
                          {10'000, 500'000, 983'000},
                          {4096, 8192, 16384},
                          {5120, 9216, 17408},
                          {0, 16, 2048},
                          {100, 101, 102},
                          {7, 7, 8}};
  circumstances.threads = {{104, 950'000}, {108, 30'000}};
  circumstances.processes = {{4711, "OrdersApi.exe", 983'000, 16 << 20},
                             {4, "System", 20'000, 1 << 16}};
  r.assertion = {"invalid_parameter", "total >= 0", "checkout", "C:\\src\\cart.cpp", 42};
  r.streams = {"ThreadListStream", "0x47670001"};
  r.diagnostics = {
      "module at 0x00007ff810000000: name: needs 4 bytes at offset 0xfffffff0 and has 134 in all"};
  return r;
}

/// One of a machine: everything that only those have.
inline Report sample_kernel_report() {
  auto r = sample_report();
  r.synopsis = "Windows Server 2022 stopped with DRIVER_IRQL_NOT_LESS_OR_EQUAL (0xd1)";
  r.dump_format = "kernel dump";
  r.crash->kind = "bugcheck";
  r.modules.front().third_party = true;
  auto& kernel = r.kernel.emplace();
  kernel.bugcheck = {0xd1,
                     "DRIVER_IRQL_NOT_LESS_OR_EQUAL",
                     "a driver touched memory that is not there",
                     {{0x29, "address that was touched"}, {2, "IRQL at that moment: 2, dispatch"}},
                     "found_frame",
                     0xfffff98a6645eca0};
  kernel.blame = {"badnet.sys", "", true};
  r.blame_reason = "an address in it lies on the stack";
  kernel.dump_type = "automatic";
  kernel.attributes = {"out_of_space"};
  kernel.live = true;
  kernel.checked_build = true;
  kernel.writer = "classic";
  kernel.translation = "amd64, 4 levels";
  kernel.offsets = "table for builds 19041 to 20348";
  kernel.uptime = std::chrono::seconds(7 * 86400 + 3 * 3600 + 4 * 60 + 5);
  kernel.boot_time = Timestamp{1'795'000'000'000'000};
  kernel.directory_table = 0x1ad000;
  kernel.kernel_base = 0xfffff80081a00000;
  kernel.debugger_data = 0xfffff80082600b20;
  kernel.present_pages = 70'000;
  kernel.missing_bytes = 4096;
  kernel.low_memory = true;
  kernel.processors = {
      {0, true, false, 0xfffff80082700180, 0xffff908b069fd080, 0xfffff80082703a00,
       0xffff908b069fe080, 4304, 16812, "audiodg.exe", 2592, "GenuineIntel", std::uint16_t{6},
       std::uint16_t{167}, std::uint16_t{1}, std::uint8_t{2}, "CR8 as it was saved"},
      {.number = 1, .idle = true}};
  kernel.processes = {{0xffff908b08220080, 4304, 6456, "audiodg.exe", 9, 1, 0xc0000005,
                       Timestamp{1'795'100'000'000'000}, Timestamp{1'795'100'001'000'000},
                       0x5b68293000, 0x1c727f000}};
  kernel.threads = {{0xffff908b069fd080, 4304, 16812, "audiodg.exe", "waiting", "UserRequest", 22,
                     349'388, 0, 1234, 0x5b682f4000, 0x7ffa6c6eaee0, 0xfffff98a6645e7e0,
                     0xfffff98a66460000, 0xfffff98a66459000}};
  kernel.counters = {{"commit", std::uint64_t{15} << 30, {}, "triage block"},
                     {"page_files", {}, 1, "MmNumberOfPagingFiles by the debugger data"},
                     {"available", {}, {}, ""},
                     {"page_file_size", {}, {}, ""}};
  kernel.peb = ProcessEnvironment{
      .address = 0x5b68293000,
      .inherited_address_space = false,
      .read_image_options = true,
      .being_debugged = false,
      .image_base = 0x7ff600000000,
      .loader_data = 0x7ffa70000000,
      .parameters = 0x1f0000,
      .subsystem_data = 0x7ffa70001000,
      .heap = 0x200000,
      .loader_initialized = true,
      .load_order = ListEnds{0x201000, 0x202000},
      .memory_order = ListEnds{0x201010, 0x202010},
      .initialization_order = ListEnds{0x202020, 0x202020},
      .global_flags = 0x70,
      .session = 1,
      .processors = 12,
      .image_path = "C:\\Windows\\System32\\audiodg.exe",
      .command_line = "audiodg.exe 0x1",
      .current_directory = "C:\\Windows",
      .window_title = "title",
      .desktop = "WinSta0\\Default",
      .dll_path = "C:\\Windows\\System32;;",
      .lost_texts = {},
      .modules = {{0x7ff600000000, 0x8000, 0x5dee2b07, "C:\\Windows\\System32\\audiodg.exe"}}};
  kernel.request = KernelRequest{
      0xffff908b01234560, 0xffff908b02234560, 0xffff908b03234560, "\\Driver\\badnet", 22, 2};
  kernel.teb = ThreadEnvironment{.address = 0x5b682f4000,
                                 .exception_list = 0,
                                 .stack_base = 0x5b68400000,
                                 .stack_limit = 0x5b683f0000,
                                 .subsystem_tib = 0,
                                 .fiber_data = 0x1e00,
                                 .arbitrary_user_pointer = 0,
                                 .self = 0x5b682f4000,
                                 .environment_pointer = 0,
                                 .rpc_handle = 0,
                                 .tls = 0x201500,
                                 .peb = 0x5b68293000,
                                 .pid = 4304,
                                 .thread_id = 16812,
                                 .last_error = 5,
                                 .last_status = 0xc0000034,
                                 .owned_critical_sections = 0,
                                 .hard_error_mode = 0};
  return r;
}

}  // namespace vigil::report
