// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "report/report.h"
#include "unit/report/sample_report.h"

namespace vigil::report {
namespace {

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
  EXPECT_THAT(text, HasSubstr("Processor 0   audiodg.exe (4304.16812), thread 0xffff908b069fd080, "
                              "IRQL 2, 2592 MHz"));
  EXPECT_THAT(text, HasSubstr("Processor 1   idle"));
  EXPECT_THAT(text, HasSubstr("commit                      15.0 GiB  triage block"));
  EXPECT_THAT(text, HasSubstr("not in this dump: available"));
  EXPECT_THAT(text, HasSubstr("third party"));
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
  EXPECT_THAT(kernel_part_to_text(report, KernelPart::Modules, {}), HasSubstr("third party"));
  EXPECT_THAT(kernel_part_to_text(report, KernelPart::Peb, {}), HasSubstr("audiodg.exe 0x1"));
  EXPECT_THAT(kernel_part_to_text(report, KernelPart::Teb, {}),
              HasSubstr("Client id     4304.16812"));
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
  EXPECT_THAT(modules, HasSubstr("10.0.19041.1234 (WinBuild.160101.0800) *\n"));
  EXPECT_THAT(kernel_part_to_text(report, KernelPart::Modules, {.cut_names = true}),
              HasSubstr("nnn…"));
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
