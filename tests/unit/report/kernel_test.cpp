// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <sstream>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "report/report.h"
#include "unit/report/sample_report.h"

namespace vigil::report {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(KernelReport, SurvivesItsJson) {
  const auto report = sample_kernel_report();
  const auto read = from_json(to_json(report, false));
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->kernel, report.kernel);
  EXPECT_EQ(read->modules, report.modules);
}

TEST(KernelReport, TellsItsSixSections) {
  const auto text = to_text(sample_kernel_report(), {.utc = true});
  EXPECT_THAT(text, HasSubstr("Uptime        7 days 03:04:05"));
  EXPECT_THAT(text, HasSubstr("Dump type     automatic, by the classic writer, out_of_space, the "
                              "machine went on"));
  EXPECT_THAT(text, HasSubstr("Role          Server"));
  EXPECT_THAT(text, HasSubstr("Memory        the machine had next to none left"));
  EXPECT_THAT(text, HasSubstr("Captured      1.0 MiB of its memory"));
  EXPECT_THAT(text, HasSubstr("Processor 0   audiodg.exe (4304.16812), thread 0xffff908b069fd080, "
                              "IRQL 2, 2592 MHz"));
  EXPECT_THAT(text, HasSubstr("Processor 1   idle"));
  EXPECT_THAT(text, HasSubstr("committed                   15.0 GiB  triage block"));
  EXPECT_THAT(text, HasSubstr("not in this dump: memory available; page files, size of\n"));
  EXPECT_THAT(text, HasSubstr("* not among Windows' own drivers"));
  EXPECT_THAT(text, HasSubstr("Instances     1 audiodg.exe"));
  EXPECT_THAT(text, HasSubstr("Process environment block at 0x5b68293000"));
  EXPECT_THAT(text, HasSubstr("Thread environment block at 0x5b682f4000"));
  EXPECT_THAT(text, HasSubstr("Request       0xffff908b01234560, function 22.2, at device "
                              "0xffff908b02234560 of \\Driver\\badnet"));
  EXPECT_THAT(text, HasSubstr("Bugcheck      0x000000d1 DRIVER_IRQL_NOT_LESS_OR_EQUAL"));
  EXPECT_THAT(text, HasSubstr("Parameter 1   0x0000000000000029  address that was touched"));
  EXPECT_THAT(text, HasSubstr("Probably      badnet.sys: an address in it lies on the stack"));
}

TEST(KernelReport, GivesEachPartAlone) {
  const auto report = sample_kernel_report();
  EXPECT_THAT(kernel_part_to_text(report, KernelPart::Vm, {}), HasSubstr("not in this dump"));
  EXPECT_THAT(kernel_part_to_text(report, KernelPart::Threads, {}),
              HasSubstr("4304.16812 audiodg.exe     waiting     UserRequest"));
  EXPECT_THAT(kernel_part_to_text(report, KernelPart::Modules, {}),
              HasSubstr("* not among Windows' own drivers"));
  EXPECT_THAT(kernel_part_to_text(report, KernelPart::Peb, {}), HasSubstr("audiodg.exe 0x1"));
  EXPECT_THAT(kernel_part_to_text(report, KernelPart::Teb, {}),
              AllOf(HasSubstr("Client id     4304.16812"),
                    HasSubstr("Fiber data    0x0000000000001e00"), HasSubstr("Hard errors   0x0")));
  EXPECT_THAT(kernel_part_to_text(report, KernelPart::Peb, {}),
              AllOf(HasSubstr("DLL path      C:\\Windows\\System32;;"),
                    HasSubstr("Loader data   0x00007ffa70000000, initialized: yes"),
                    HasSubstr("By load       0x0000000000201000 to 0x0000000000202000"),
                    HasSubstr("  5DEE2B07  C:\\Windows\\System32\\audiodg.exe")));
  EXPECT_EQ(kernel_part_to_text(Report{}, KernelPart::Vm, {}), "");
  const auto json = nlohmann::json::parse(kernel_parts_to_json(
      report, {KernelPart::Vm, KernelPart::Bugcheck, KernelPart::Peb, KernelPart::Teb}, true));
  EXPECT_EQ(json["peb"]["command_line"], "audiodg.exe 0x1");
  EXPECT_EQ(json["teb"]["last_error"], 5);
  EXPECT_EQ(json["counters"][0]["bytes"], std::uint64_t{15} << 30);
  EXPECT_EQ(json["bugcheck"]["code"], "0x000000d1");
  EXPECT_EQ(json["blame"]["module"], "badnet.sys");
  EXPECT_FALSE(json.contains("processes"));
}

TEST(KernelReport, TellsOfTheBugcheckInJsonWhatItTellsInWords) {
  auto report = sample_kernel_report();
  report.crash->address = 0xfffff800a56d1ae9;
  report.crash->instruction = "mov eax, [rcx+0x8]";
  report.crash->instruction_bytes = "8b 41 08";
  report.threads.front().registers = {{"rax", 1}, {"rcx", 0x21}};
  const auto text = kernel_part_to_text(report, KernelPart::Bugcheck, {});
  EXPECT_THAT(text, HasSubstr("At            0xfffff800a56d1ae9"));
  EXPECT_THAT(text, HasSubstr("Instruction   mov eax, [rcx+0x8]  (8b 41 08)"));
  EXPECT_THAT(text, HasSubstr("Request       0xffff908b01234560"));
  EXPECT_THAT(text, HasSubstr("rcx 0000000000000021"));
  const auto json =
      nlohmann::json::parse(kernel_parts_to_json(report, {KernelPart::Bugcheck}, true));
  EXPECT_EQ(json["crash_info"]["instruction_address"], "0xfffff800a56d1ae9");
  EXPECT_EQ(json["crash_info"]["instruction"], "mov eax, [rcx+0x8]");
  EXPECT_EQ(json["registers"]["rcx"], "0x0000000000000021");
  EXPECT_EQ(json["request"]["address"], "0xffff908b01234560");
  EXPECT_EQ(json["request"]["driver"], "\\Driver\\badnet");
}

TEST(KernelReport, SaysWhatTheMachineIsFor) {
  auto report = sample_kernel_report();
  report.system.os_role = "domain_controller";
  report.system.os_suites = {"terminal_server", "datacenter", "storage_server"};
  EXPECT_THAT(to_text(report, {}),
              HasSubstr("Role          Domain controller, datacenter, storage server\n"));
  report.system.os_role = "workstation";
  report.system.os_suites = {"single_user_terminal_server"};
  EXPECT_THAT(to_text(report, {}), HasSubstr("Role          Workstation\n"));
}

TEST(KernelReport, SaysThatThePdbTellsMoreOfMemory) {
  constexpr const char* kHint = "with the kernel's PDB (--symbols) more figures can be read";
  auto report = sample_kernel_report();
  report.kernel->translation = "amd64, 4 levels";
  report.kernel->offsets = "table for build 19041";
  EXPECT_THAT(kernel_part_to_text(report, KernelPart::Vm, {}), HasSubstr(kHint));
  report.kernel->offsets = "symbols of ntkrnlmp.pdb";
  EXPECT_THAT(kernel_part_to_text(report, KernelPart::Vm, {}), Not(HasSubstr(kHint)));
  report.kernel->translation.clear();
  report.kernel->offsets.clear();
  EXPECT_THAT(kernel_part_to_text(report, KernelPart::Vm, {}), Not(HasSubstr(kHint)));
}

TEST(KernelReport, SaysWhichTextsOfAProcessAreLost) {
  auto report = sample_kernel_report();
  auto& peb = *report.kernel->peb;
  peb.window_title.clear();
  EXPECT_THAT(kernel_part_to_text(report, KernelPart::Peb, {}), Not(HasSubstr("not in this dump")));
  peb.command_line.clear();
  peb.lost_texts = {"window_title", "command_line"};
  const auto text = kernel_part_to_text(report, KernelPart::Peb, {});
  EXPECT_THAT(text, HasSubstr("Window title  not in this dump"));
  EXPECT_THAT(text, HasSubstr("Command line  not in this dump"));
}

TEST(KernelReport, SaysThatAPartIsNotThere) {
  auto report = sample_kernel_report();
  report.kernel->peb.reset();
  report.kernel->teb.reset();
  EXPECT_THAT(kernel_part_to_text(report, KernelPart::Peb, {}), HasSubstr("The dump has no"));
  EXPECT_THAT(kernel_part_to_text(report, KernelPart::Teb, {}), HasSubstr("The dump has no"));
}

/// How many lines of \p text are wider than a page; an ellipsis has three bytes.
std::size_t too_wide(const std::string& text) {
  std::istringstream lines(text);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);)
    if (line.size() > 100 + 2 * 2) ++count;
  return count;
}

TEST(KernelReport, HasOneLineForARow) {
  auto report = sample_kernel_report();
  const std::string name(120, 'n');
  report.modules.resize(1);
  report.modules[0].path = "\\SystemRoot\\" + name + ".sys";
  report.modules[0].version = "10.0.19041.1234 (WinBuild.160101.0800)";
  report.unloaded_modules = {{.base = 1, .size = 2, .name = name}};
  report.kernel->threads[0].processor = 3;
  report.kernel->peb->modules[0].path = "C:\\" + name + ".dll";
  for (const auto part :
       {KernelPart::Threads, KernelPart::Modules, KernelPart::Processes, KernelPart::Peb}) {
    const auto piped = kernel_part_to_text(report, part, {});
    const auto shown = kernel_part_to_text(report, part, {.cut_names = true});
    EXPECT_EQ(std::ranges::count(piped, '\n'), std::ranges::count(shown, '\n'));
    EXPECT_EQ(too_wide(shown), 0U) << shown;
    EXPECT_THAT(piped, Not(HasSubstr("…")));
  }
  const auto modules = kernel_part_to_text(report, KernelPart::Modules, {});
  EXPECT_THAT(modules, HasSubstr(name + ".sys"));
  EXPECT_THAT(modules, HasSubstr("10.0.19041.1234 (WinBuild.160101.0800) pdb *\n"));
  EXPECT_THAT(kernel_part_to_text(report, KernelPart::Modules, {.cut_names = true}),
              HasSubstr("nnn…"));
}

Module driver(std::uint64_t base, std::string path, std::string code_id) {
  Module module;
  module.base = base;
  module.path = std::move(path);
  module.code_id = std::move(code_id);
  module.third_party = true;
  return module;
}

/// Of 2021-02-21, Windows 10 of the build \p version.
Report report_of(std::string version, std::vector<Module> modules) {
  auto report = sample_kernel_report();
  report.dump_time = Timestamp{1'613'871'502'000'000};
  report.system.os_version = std::move(version);
  report.modules = std::move(modules);
  return report;
}

TEST(KernelReport, ListsItsModulesByAddressWithTheirDates) {
  const auto report =
      report_of("10.0.19041", {driver(0xfffff80020000000, "b.sys", "5F3A2B4C12000"),
                               driver(0xfffff80010000000, "a.sys", "E5A7B9C112000"),
                               driver(0xfffff80030000000, "c.sys", ""),
                               driver(0xfffff80040000000, "d.sys", "0000123412000")});
  const auto text = kernel_part_to_text(report, KernelPart::Modules, {});
  EXPECT_LT(text.find("a.sys"), text.find("b.sys"));
  EXPECT_THAT(text, HasSubstr("b.sys            5F3A2B4C 2020-08-17"));
  EXPECT_THAT(text, HasSubstr("a.sys            E5A7B9C1 hash"));
  EXPECT_THAT(text, HasSubstr("c.sys                     -"));
  EXPECT_THAT(text, HasSubstr("d.sys            00001234 hash"));
  EXPECT_THAT(text, HasSubstr("hash: the stamp is no time"));
  const auto json =
      nlohmann::json::parse(kernel_parts_to_json(report, {KernelPart::Modules}, true));
  EXPECT_THAT(json["modules"][0]["time_stamp"], "2020-08-17T07:01:32.000Z");
  EXPECT_FALSE(json["modules"][1].contains("time_stamp"));
}

TEST(KernelReport, HasNoDatesOfWindowsOwnDriversThatMayBeHashes) {
  auto nt = driver(0xfffff80010000000, "ntoskrnl.exe", "5DEE2B0712000");
  nt.third_party = false;
  const auto text_of = [&nt](std::string version) {
    return kernel_part_to_text(report_of(std::move(version), {nt}), KernelPart::Modules, {});
  };
  EXPECT_THAT(text_of("10.0.14393"), HasSubstr("ntoskrnl.exe     5DEE2B07 2019-12-09"));
  EXPECT_THAT(text_of("10.0.15063"), HasSubstr("ntoskrnl.exe     5DEE2B07 -  "));
  EXPECT_THAT(text_of("10.0.15063"), HasSubstr("- for a date: since build 15063"));
  EXPECT_THAT(text_of("10.0.15063"), Not(HasSubstr("hash:")));
  const auto json = nlohmann::json::parse(
      kernel_parts_to_json(report_of("10.0.15063", {nt}), {KernelPart::Modules}, true));
  EXPECT_FALSE(json["modules"][0].contains("time_stamp"));
}

TEST(KernelReport, BelievesAnImageThatSaysWhetherItsStampIsATime) {
  auto own = driver(0xfffff80010000000, "ntoskrnl.exe", "5DEE2B0712000");
  own.third_party = false;
  own.reproducible = false;
  auto other = driver(0xfffff80020000000, "badnet.sys", "5DEE2B0712000");
  other.reproducible = true;
  const auto report = report_of("10.0.19041", {own, other});
  const auto text = kernel_part_to_text(report, KernelPart::Modules, {});
  EXPECT_THAT(text, HasSubstr("ntoskrnl.exe     5DEE2B07 2019-12-09"));
  EXPECT_THAT(text, HasSubstr("badnet.sys       5DEE2B07 hash"));
  const auto read = from_json(to_json(report, false));
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->modules, report.modules);
}

TEST(KernelReport, HasNoDateFromBeforeThereWasSuchAWindows) {
  auto report = report_of("10.0.19041", {driver(0xfffff80010000000, "a.sys", "3C7F622A12000")});
  report.system.cpu = "amd64";
  EXPECT_THAT(kernel_part_to_text(report, KernelPart::Modules, {}), HasSubstr("3C7F622A hash"));
  report.system.cpu = "x86";
  EXPECT_THAT(kernel_part_to_text(report, KernelPart::Modules, {}), HasSubstr("2002-03-01"));
}

TEST(KernelReport, SaysThatNobodyIsBlamedAndWhy) {
  auto report = sample_kernel_report();
  report.kernel->blame = {};
  report.blame_reason = "the hardware reported this error, and no driver did";
  EXPECT_THAT(to_text(report, {}),
              HasSubstr("Blamed        nobody: the hardware reported this error"));
  EXPECT_FALSE(nlohmann::json::parse(kernel_parts_to_json(report, {KernelPart::Bugcheck}, false))
                   .contains("blame"));
}

TEST(KernelReport, InventsNoThread) {
  auto report = sample_kernel_report();
  report.threads.resize(1);
  report.threads[0].thread_id = 0;
  report.threads[0].name.clear();
  report.blamed_thread = 0;
  report.crash->thread_id = 0;
  const auto text = to_text(report, {});
  EXPECT_THAT(text, HasSubstr("A thread that is not known, which wrote the dump\n"));
  EXPECT_THAT(text, Not(HasSubstr("id 0")));
  const auto json = nlohmann::json::parse(to_json(report, false));
  EXPECT_FALSE(json["threads"][0].contains("thread_id"));
  EXPECT_FALSE(json["crash_info"].contains("thread_id"));
}

TEST(KernelReport, PrintsTheRegistersThatItAnnounces) {
  auto report = sample_kernel_report();
  report.threads[0].registers = {{"rax", 0x1234}};
  EXPECT_THAT(kernel_part_to_text(report, KernelPart::Bugcheck, {}),
              HasSubstr("rax 0000000000001234"));
  report.threads[0].registers.clear();
  EXPECT_THAT(kernel_part_to_text(report, KernelPart::Bugcheck, {}), Not(HasSubstr("Registers")));
}

TEST(KernelReport, NamesWhatTheLastCallsFailedWith) {
  auto report = sample_kernel_report();
  report.kernel->teb->last_error = 997;
  report.kernel->teb->last_status = 0xc0000034;
  report.kernel->teb->owned_critical_sections = 1;
  auto text = kernel_part_to_text(report, KernelPart::Teb, {});
  EXPECT_THAT(text, HasSubstr("Last error    997 IO_PENDING\n"));
  EXPECT_THAT(text, HasSubstr("Last status   0xc0000034 OBJECT_NAME_NOT_FOUND\n"));
  EXPECT_THAT(text, HasSubstr("Locks         1 critical section owned\n"));
  report.kernel->teb->last_error = 12345;
  report.kernel->teb->last_status = 0xc0000005;
  text = kernel_part_to_text(report, KernelPart::Teb, {});
  EXPECT_THAT(text, HasSubstr("Last error    12345\n"));
  EXPECT_THAT(text, HasSubstr("Last status   0xc0000005 ACCESS_VIOLATION\n"));
}

TEST(KernelReport, PutsTheOtherThreadsWithTheThreads) {
  const auto text = to_text(sample_kernel_report(), {.all_threads = false});
  const auto more = text.find("and 1 more thread");
  ASSERT_NE(more, std::string::npos);
  EXPECT_LT(more, text.find("Process environment block"));
}

TEST(KernelReport, SaysHowLittleMemoryWasLeft) {
  auto report = sample_kernel_report();
  constexpr auto kGiB = std::uint64_t{1} << 30;
  report.kernel->counters = {{"commit", 15 * kGiB, {}, "triage block"},
                             {"commit_limit", {}, {}, ""},
                             {"commit_limit_maximum", 15 * kGiB, {}, "triage block"},
                             {"nonpaged_pool", {}, {}, "damaged"}};
  const auto text = to_text(report, {});
  EXPECT_THAT(text, HasSubstr("the machine had next to none left: 15.0 GiB of 15.0 GiB"));
  EXPECT_THAT(text, HasSubstr("-  damaged"));
}

TEST(KernelReport, KeepsNamesFromTheDumpOffTheTerminal) {
  auto report = sample_kernel_report();
  report.kernel->processes[0].image = "a\x1b[31mb";
  report.kernel->threads[0].image = "a\x1b[31mb";
  report.kernel->peb->command_line = "a\x1b[31mb";
  for (const auto part : {KernelPart::Processes, KernelPart::Threads})
    EXPECT_THAT(kernel_part_to_text(report, part, {}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(to_text(report, {}), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace vigil::report
