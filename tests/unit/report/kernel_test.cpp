// SPDX-License-Identifier: Apache-2.0
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
  EXPECT_THAT(text, HasSubstr("Dump type     automatic, by the classic writer, out_of_space"));
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
              HasSubstr("4304.16812 audiodg.exe      waiting      UserRequest"));
  EXPECT_THAT(kernel_part_to_text(report, KernelPart::Modules, {}), HasSubstr("third party"));
  EXPECT_EQ(kernel_part_to_text(Report{}, KernelPart::Vm, {}), "");
  const auto json = nlohmann::json::parse(
      kernel_parts_to_json(report, {KernelPart::Vm, KernelPart::Bugcheck}, true));
  EXPECT_EQ(json["counters"][0]["bytes"], std::uint64_t{15} << 30);
  EXPECT_EQ(json["bugcheck"]["code"], "0x000000d1");
  EXPECT_EQ(json["blame"]["module"], "badnet.sys");
  EXPECT_FALSE(json.contains("processes"));
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
