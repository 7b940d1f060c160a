// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/utf.h"
#include "kerneldump/kerneldump.h"
#include "platform/platform.h"

/// Dumps of real machines, where a collection of them is at hand.
namespace vigil::kerneldump {
namespace {

namespace fs = std::filesystem;

struct Known {
  const char* file;
  std::uint32_t code;
  std::array<std::uint64_t, 4> parameters;
  std::uint32_t build, processors;
  std::size_t drivers;
  const char* current;  // image
};
/// What the collection's index and other readers say of them.
constexpr std::array kKnown = {
    Known{"eolaruhagen__minidump-diagnostics-tool/minidumps/083125-14875-01.dmp",
          0x4a,
          {0x7ffe7350d0c4, 2, 0, 0xffffa704eeb6bec0},
          19041,
          1,
          156,
          "notmyfault64.e"},
    Known{"r-Techsupport__training_bsods/50_1.dmp",
          0x50,
          {0xffffbd0e4cf6a558, 0, 0xfffff800af460702, 2},
          26100,
          12,
          203,
          "Discord.exe"},
    Known{"r-Techsupport__training_bsods/7e_1.dmp",
          0x1000007e,
          {0xffffffffc000001d, 0xfffff801d566634e, 0xffff838d7cc26478, 0xffff838d7cc25cb0},
          19041,
          4,
          189,
          "System"},
    Known{"r-Techsupport__training_bsods/d1.dmp",
          0xd1,
          {0x29, 2, 0, 0xfffff800a56d1ae9},
          19041,
          12,
          210,
          "audiodg.exe"},
    Known{"r-Techsupport__training_bsods/ef.dmp",
          0xef,
          {0xffffc08d7f1580c0, 0, 0, 0},
          19041,
          4,
          188,
          "svchost.exe"},
    Known{"rizinorg__rizin-testbins/dmp/triage_x64.dmp",
          0x1000007e,
          {0xffffffffc0000005, 0xfffff8048b58334c, 0xffff850429891ee8, 0xffff850429891720},
          19041,
          16,
          151,
          "System"},
};

class RealKernelDump : public testing::TestWithParam<Known> {};

TEST_P(RealKernelDump, SaysWhatIsKnownOfIt) {
  const auto& known = GetParam();
  const auto path = path_from_utf8(VIGIL_TEST_DUMPS) / "dumps" / known.file;
  if (!fs::exists(path)) GTEST_SKIP() << path << " is not there";
  auto file = platform::MappedFile::open(path);
  ASSERT_TRUE(file.ok());
  const auto dump = KernelDump::parse(std::unique_ptr<ByteSource>(std::move(file).take()));
  ASSERT_TRUE(dump.ok()) << dump.error().message();
  const auto& snapshot = (*dump)->snapshot();
  const auto& kernel = *snapshot.kernel;
  EXPECT_EQ(kernel.bugcheck.code, known.code);
  EXPECT_EQ(kernel.bugcheck.parameters, known.parameters);
  EXPECT_EQ(snapshot.system.os_build, known.build);
  EXPECT_EQ(snapshot.system.processor_count, known.processors);
  EXPECT_EQ(snapshot.modules.size(), known.drivers);
  EXPECT_EQ(ascii_lower(snapshot.modules.front().name()), "ntoskrnl.exe");
  ASSERT_EQ(kernel.processors.size(), 1U);
  EXPECT_GT(kernel.processors.front().mhz.value_or(0), 1000U);
  ASSERT_FALSE(kernel.processes.empty());
  const auto current = std::ranges::find(kernel.processes, kernel.current_process,
                                         &snapshot::KernelProcess::address);
  ASSERT_NE(current, kernel.processes.end());
  EXPECT_EQ(current->image, known.current);
  ASSERT_FALSE(snapshot.threads.empty());
  EXPECT_NE(snapshot.threads.front().id.value, 0U);
}

INSTANTIATE_TEST_SUITE_P(All, RealKernelDump, testing::ValuesIn(kKnown));

/// Every kernel dump of the collection that is cut off anywhere gives a reason or a part.
TEST(RealKernelDumps, AreReadInPartWhereTheyAreCutOff) {
  const auto path = path_from_utf8(VIGIL_TEST_DUMPS) / "dumps" / kKnown[0].file;
  if (!fs::exists(path)) GTEST_SKIP() << path << " is not there";
  std::ifstream in(path, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  for (std::size_t size = 0; size < whole.size(); size += size < 0x4000 ? 97 : 1999) {
    const auto part = whole.substr(0, size);
    const auto dump = KernelDump::parse(ByteView(std::string_view(part)));
    if (dump.ok()) {
      EXPECT_EQ((*dump)->snapshot().kernel->bugcheck.code, 0x4aU);
      EXPECT_FALSE((*dump)->diagnostics().notes().empty()) << size;
    } else {
      EXPECT_FALSE(dump.error().message().empty());
    }
  }
}

}  // namespace
}  // namespace vigil::kerneldump
