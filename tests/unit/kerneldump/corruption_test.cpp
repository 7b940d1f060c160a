// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kerneldump/kerneldump.h"
#include "support/kernel_machine.h"

/// Dumps that are cut off or damaged: each is refused with a reason, or read in part with a note.
namespace vigil::kerneldump {
namespace {

using test::KernelDumpKind;
using testing::Contains;
using testing::HasSubstr;

Result<std::unique_ptr<KernelDump>> parse(const std::string& bytes) {
  return KernelDump::parse(ByteView(std::string_view(bytes)));
}

/// Lengths to cut a dump of \p whole bytes to: each one where a structure begins or ends, and some
/// of all others.
std::set<std::size_t> lengths(std::size_t whole, std::size_t header) {
  std::set<std::size_t> sizes;
  const auto add = [&](std::size_t first, std::size_t count) {
    for (auto size = first; size < std::min(first + count, whole); ++size) sizes.insert(size);
  };
  constexpr std::size_t kSteps = 60, kStep = 61;
  for (std::size_t size = 0; size < std::min(whole, header + 0x400); size += kStep)
    sizes.insert(size);
  for (std::size_t size = 0; size < whole; size += whole / kSteps + 1) sizes.insert(size);
  add(0, 12);
  add(header - 4, 0x98);
  add(header + 0x1000 - 2, 4);
  add(whole - std::min<std::size_t>(whole, 4), 4);
  return sizes;
}

class CutOff : public testing::TestWithParam<KernelDumpKind> {};

TEST_P(CutOff, GivesWhatIsThere) {
  const auto machine = test::make_kernel_machine();
  const auto whole = machine.dump(GetParam());
  for (const auto size : lengths(whole.size(), 0x2000)) {
    const auto part = whole.substr(0, size);
    const auto dump = parse(part);
    if (!dump.ok()) {
      EXPECT_LT(size, 0x2000U) << dump.error().message();
      EXPECT_FALSE(dump.error().message().empty());
      continue;
    }
    const auto& snapshot = (*dump)->snapshot();
    EXPECT_EQ(snapshot.kernel->bugcheck.code, machine.truth().bugcheck);
    EXPECT_EQ(snapshot.kernel->bugcheck.parameters, machine.truth().parameters);
    EXPECT_FALSE((*dump)->diagnostics().notes().empty()) << size;
  }
}

INSTANTIATE_TEST_SUITE_P(All,
                         CutOff,
                         testing::Values(KernelDumpKind::Full,
                                         KernelDumpKind::Summary,
                                         KernelDumpKind::SummaryOld,
                                         KernelDumpKind::Header,
                                         KernelDumpKind::TriageClassic,
                                         KernelDumpKind::TriageKernelGenerated,
                                         KernelDumpKind::BitmapFull,
                                         KernelDumpKind::BitmapKernel,
                                         KernelDumpKind::Automatic,
                                         KernelDumpKind::Active,
                                         KernelDumpKind::LiveKernel,
                                         KernelDumpKind::LiveKernelUser,
                                         KernelDumpKind::LiveComplete));

TEST(CutOffTriage, CountsTheBlocksThatAreLost) {
  const auto whole = test::make_kernel_machine().dump(KernelDumpKind::TriageKernelGenerated);
  const auto part = whole.substr(0, whole.size() - 1);
  const auto dump = parse(part);
  ASSERT_TRUE(dump.ok());
  EXPECT_THAT((*dump)->diagnostics().notes(),
              testing::Contains("triage dump: 1 block of memory lies behind the end of the file"));
}

class CutOff32 : public testing::TestWithParam<KernelDumpKind> {};

TEST_P(CutOff32, GivesWhatIsThere) {
  const auto machine = test::make_kernel_machine_32();
  const auto whole = machine.dump(GetParam());
  for (const auto size : lengths(whole.size(), 0x1000)) {
    const auto part = whole.substr(0, size);
    const auto dump = parse(part);
    EXPECT_EQ(dump.ok(), size >= 0x1000) << size;
    if (!dump.ok()) continue;
    EXPECT_EQ((*dump)->snapshot().kernel->bugcheck.code, machine.truth.bugcheck);
    EXPECT_FALSE((*dump)->diagnostics().notes().empty()) << size;
  }
}

INSTANTIATE_TEST_SUITE_P(All,
                         CutOff32,
                         testing::Values(KernelDumpKind::Full,
                                         KernelDumpKind::SummaryOld,
                                         KernelDumpKind::Header,
                                         KernelDumpKind::TriageClassic,
                                         KernelDumpKind::BitmapFull,
                                         KernelDumpKind::BitmapKernel));

TEST(CutOffArm64, GivesWhatIsThere) {
  const auto made = test::make_kernel_dump_arm64();
  for (const auto size : lengths(made.file.size(), 0x2000)) {
    const auto part = made.file.substr(0, size);
    const auto dump = parse(part);
    EXPECT_EQ(dump.ok(), size >= 0x2000) << size;
    if (dump.ok()) {
      EXPECT_FALSE((*dump)->diagnostics().notes().empty()) << size;
    }
  }
}

class Damaged : public testing::TestWithParam<KernelDumpKind> {};

/// Each field of the headers in turn becomes all that it can be: nothing may end the process, and
/// what comes out has to keep within its limits.
TEST_P(Damaged, NeverEndsTheProcess) {
  const auto machine = test::make_kernel_machine();
  auto bytes = machine.dump(GetParam());
  const auto try_one = [&](std::size_t at) {
    const auto saved = bytes.substr(at, 4);
    for (const char value : {'\xff', '\0', '\x7f', '\1'}) {
      bytes.replace(at, 4, 4, value);
      const auto dump = parse(bytes);
      if (dump.ok()) {
        EXPECT_LE((*dump)->snapshot().kernel->processes.size(), 8192U);
        EXPECT_LE((*dump)->snapshot().modules.size(), 8192U);
      }
    }
    bytes.replace(at, 4, saved);
  };
  for (std::size_t at = 0; at < 0xc0; at += 4) try_one(at);
  for (std::size_t at = 0xf98; at < 0x1060; at += 4) try_one(at);
  for (std::size_t at = 0x2000; at < 0x2090; at += 4) try_one(at);
}

INSTANTIATE_TEST_SUITE_P(All,
                         Damaged,
                         testing::Values(KernelDumpKind::Full,
                                         KernelDumpKind::BitmapKernel,
                                         KernelDumpKind::SummaryOld,
                                         KernelDumpKind::LiveKernel,
                                         KernelDumpKind::LiveComplete,
                                         KernelDumpKind::TriageClassic));

TEST(DamagedLists, AreReadFromBehindWhereTheyBreak) {
  auto machine = test::make_kernel_machine();
  const auto& truth = machine.truth();
  ASSERT_GE(truth.processes.size(), 4U);
  // The second process points to nowhere.
  const auto links = [&](std::size_t i) { return truth.processes[i].address + 0x448; };
  machine.patch_virtual_u64(links(1), 0xffff800000001000);
  const auto bytes = machine.dump(KernelDumpKind::BitmapKernel);
  const auto dump = parse(bytes);
  ASSERT_TRUE(dump.ok());
  const auto& kernel = *(*dump)->snapshot().kernel;
  EXPECT_EQ(kernel.processes.size(), truth.processes.size());
  EXPECT_FALSE(kernel.processes_are_complete);
  EXPECT_THAT((*dump)->diagnostics().notes(), Contains(HasSubstr("the list breaks off")));
}

TEST(DamagedLists, EndWhereTheyGoRoundWithoutTheirHead) {
  auto machine = test::make_kernel_machine();
  const auto& truth = machine.truth();
  const auto links = [&](std::size_t i) { return truth.processes[i].address + 0x448; };
  machine.patch_virtual_u64(links(3), links(1));
  machine.patch_virtual_u64(links(1) + 8, links(3));
  const auto bytes = machine.dump(KernelDumpKind::BitmapKernel);
  const auto dump = parse(bytes);
  ASSERT_TRUE(dump.ok());
  EXPECT_LE((*dump)->snapshot().kernel->processes.size(), 2 * truth.processes.size());
}

TEST(DamagedPages, CostWhatWasOnThem) {
  auto machine = test::make_kernel_machine();
  const auto& truth = machine.truth();
  machine.remove_page(machine.physical(truth.kdbg) >> 12);
  const auto bytes = machine.dump(KernelDumpKind::BitmapKernel);
  const auto dump = parse(bytes);
  ASSERT_TRUE(dump.ok());
  EXPECT_EQ((*dump)->snapshot().kernel->bugcheck.code, truth.bugcheck);
  EXPECT_FALSE((*dump)->diagnostics().notes().empty());
}

TEST(DamagedPages, NamesADumpWhosePagesAreZeros) {
  const auto machine = test::make_kernel_machine();
  auto bytes = machine.dump(KernelDumpKind::Full);
  bytes.replace(0x2000, bytes.size() - 0x2000, bytes.size() - 0x2000, '\0');
  const auto dump = parse(bytes);
  ASSERT_TRUE(dump.ok());
  EXPECT_THAT((*dump)->diagnostics().notes(), Contains(HasSubstr("its pages are zeros")));
}

TEST(DamagedPages, AreNamedAsZerosInEveryTypeOfDump) {
  const auto machine = test::make_kernel_machine();
  for (const auto kind : {KernelDumpKind::Automatic, KernelDumpKind::LiveKernel,
                          KernelDumpKind::TriageClassic, KernelDumpKind::SummaryOld}) {
    auto bytes = machine.dump(kind);
    bytes.replace(0x2000, bytes.size() - 0x2000, bytes.size() - 0x2000, '\0');
    const auto dump = parse(bytes);
    ASSERT_TRUE(dump.ok());
    EXPECT_THAT((*dump)->diagnostics().notes(), Contains(HasSubstr("behind its header are zeros")));
  }
}

TEST(DamagedPages, DoNotMakeAKnownBuildAnUnknownOne) {
  const auto machine = test::make_kernel_machine();
  const auto bytes = machine.dump(KernelDumpKind::BitmapKernel).substr(0, 0x3000);
  const auto dump = parse(bytes);
  ASSERT_TRUE(dump.ok());
  const auto notes = testing::PrintToString((*dump)->diagnostics().notes());
  EXPECT_THAT(notes, HasSubstr("of build 19041 are known, and the pages"));
  EXPECT_THAT(notes, HasSubstr("modules: their list is not in this dump"));
  EXPECT_THAT(notes, testing::Not(HasSubstr("after 0")));
}

TEST(DamagedPages, TellOneByteFromMore) {
  const auto machine = test::make_kernel_machine();
  const auto whole = machine.dump(KernelDumpKind::BitmapKernel);
  const auto bytes = whole.substr(0, whole.size() - 1);
  const auto dump = parse(bytes);
  ASSERT_TRUE(dump.ok());
  EXPECT_THAT((*dump)->diagnostics().notes(),
              Contains(HasSubstr("the last 1 byte of its pages is missing")));
}

TEST(DamagedCounters, AreLeftOutAndNoted) {
  test::KernelMachineOptions options;
  options.build = 9600;
  for (const std::uint64_t pages : {std::uint64_t{1} << 24, std::uint64_t{1} << 50}) {
    auto machine = test::make_kernel_machine(options);
    const auto pointer = machine.read_virtual(machine.truth().kdbg + 0x250, 8);
    const auto place = ByteView(std::string_view(pointer)).read<std::uint64_t>(0);
    ASSERT_TRUE(place.ok());
    machine.patch_virtual_u64(*place, pages);
    const auto bytes = machine.dump(KernelDumpKind::BitmapKernel);
    const auto dump = parse(bytes);
    ASSERT_TRUE(dump.ok());
    const auto& counters = (*dump)->snapshot().kernel->counters;
    const auto pool = std::ranges::find(counters, "nonpaged_pool", &snapshot::KernelCounter::name);
    ASSERT_NE(pool, counters.end());
    EXPECT_FALSE(pool->value);
    EXPECT_EQ(pool->source, "damaged");
    EXPECT_THAT((*dump)->diagnostics().notes(), Contains(HasSubstr("nonpaged_pool is ")));
  }
}

class DamagedTriage : public testing::Test {
 protected:
  std::uint32_t number(std::size_t at) const {
    return *ByteView(std::string_view(bytes)).read<std::uint32_t>(at);
  }
  std::string notes() {
    auto parsed = parse(bytes);
    EXPECT_TRUE(parsed.ok());
    if (!parsed.ok()) return {};
    dump = std::move(parsed).take();
    return testing::PrintToString(dump->diagnostics().notes());
  }
  static constexpr std::size_t kTriage = 0x2000, kDriverBytes = 0x90;
  std::string bytes = test::make_kernel_machine().dump(KernelDumpKind::TriageClassic);
  std::unique_ptr<KernelDump> dump;
};

TEST_F(DamagedTriage, EndsItsDriversAtOneThatIsNone) {
  const auto drivers = number(kTriage + 0x30), count = number(kTriage + 0x34);
  ASSERT_GT(count, 2U);
  const auto second = drivers + kDriverBytes;
  const auto sound = bytes;
  bytes.replace(second, 4, 4, '\xff');
  EXPECT_THAT(notes(), HasSubstr("driver 1 has no name"));
  EXPECT_EQ(dump->snapshot().modules.size(), 1U);
  bytes = sound;
  bytes.replace(second + 8 + 0x30, 8, 8, '\0');
  EXPECT_THAT(notes(), HasSubstr("driver 1 has no address"));
  EXPECT_EQ(dump->snapshot().modules.size(), 1U);
}

TEST_F(DamagedTriage, ReadsNoMoreOfItsStackThanThereIs) {
  EXPECT_THAT(notes(), testing::Not(HasSubstr("stack")));
  const auto whole = dump->snapshot().threads.front().stack.size;
  bytes.replace(kTriage + 0x2c, 4, 4, '\x7f');
  EXPECT_THAT(notes(), HasSubstr("its stack is said to have 2139062143 bytes, and "));
  EXPECT_LE(dump->snapshot().threads.front().stack.size, whole + 0x1000);
}

}  // namespace
}  // namespace vigil::kerneldump
