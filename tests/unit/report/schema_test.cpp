// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "report/report.h"
#include "support/report_schema.h"
#include "unit/report/sample_report.h"

namespace vigil::report {
namespace {

TEST(Schema, DescribesEveryKeyThatToJsonWrites) {
  test::ReportSchema schema(VIGIL_SOURCE_DIR);
  schema.expect_valid(to_json(sample_report(), false));
  schema.expect_valid(to_json(sample_kernel_report(), false));
  schema.expect_valid(to_json(Report{}, false));
}

TEST(Schema, DescribesEveryPartOfAMachine) {
  test::ReportSchema schema(VIGIL_SOURCE_DIR);
  schema.expect_valid_parts(kernel_parts_to_json(
      sample_kernel_report(),
      {KernelPart::Bugcheck, KernelPart::Processors, KernelPart::Vm, KernelPart::Modules,
       KernelPart::Processes, KernelPart::Threads, KernelPart::Peb, KernelPart::Teb},
      false));
}

}  // namespace
}  // namespace vigil::report
