// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "pipeline/pipeline.h"
#include "unit/pipeline/sample_dump.h"

namespace vigil::pipeline {
namespace {

TEST(AnalyzeHandle, ReadsAnInheritedDescriptor) {
  SampleDump dump;
  dump.ended_with(0xc0000094, {});
  const auto bytes = dump.builder.finish();
  char name[] = "/tmp/vigil-handle-test-XXXXXX";
  const int descriptor = ::mkstemp(name);
  ASSERT_GE(descriptor, 0);
  (void)::unlink(name);
  ASSERT_EQ(::write(descriptor, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  symbols::Library library({});
  const auto report = analyze_handle(static_cast<std::uintptr_t>(descriptor), "a.dmp", library);
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(report->dump_bytes, bytes.size());
}

TEST(AnalyzeHandle, NamesTheDumpWhenTheHandleIsNone) {
  symbols::Library library({});
  const auto report = analyze_handle(static_cast<std::uintptr_t>(987654), "a.dmp", library);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().message().substr(0, 7), "a.dmp: ");
}

}  // namespace
}  // namespace vigil::pipeline
