// SPDX-License-Identifier: Apache-2.0
#include "kerneldump/header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kerneldump/kerneldump.h"
#include "made_header.h"

namespace vigil::kerneldump {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<Header> read(const test::ByteBuilder& bytes) {
  MemorySource source{ByteView(bytes.bytes())};
  Diagnostics diagnostics;
  return read_header(source, diagnostics);
}

TEST(KernelHeader, ReadsOneOf64Bits) {
  const auto bytes = made_header64(4);
  const auto header = read(bytes);
  ASSERT_TRUE(header.ok()) << header.error().message();
  EXPECT_TRUE(header->is_64bit);
  EXPECT_EQ(header->cpu, snapshot::Cpu::Amd64);
  EXPECT_EQ(header->build, 19041U);
  EXPECT_EQ(header->directory_table, 0x1ad000U);
  EXPECT_EQ(header->module_list, 0xfffff8047c62a390U);
  EXPECT_EQ(header->process_list, 0xfffff8047c61e200U);
  EXPECT_EQ(header->debugger_data, 0xfffff8047c600b20U);
  EXPECT_EQ(header->processors, 16U);
  EXPECT_EQ(header->bugcheck.code, 0xd1U);
  EXPECT_THAT(header->bugcheck.parameters, ElementsAre(0x29, 2, 0, 0xfffff800a56d1ae9));
  EXPECT_EQ(header->type, DumpType::Triage);
}

TEST(KernelHeader, TakesFillerForNothing) {
  const auto bytes = made_header64(4);
  const auto header = read(bytes);
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->attributes, std::nullopt);
  EXPECT_EQ(header->required_space, std::nullopt);
  EXPECT_EQ(header->crash_time, std::nullopt);
  EXPECT_EQ(header->uptime, std::nullopt);
  EXPECT_EQ(header->product_type, std::nullopt);
  EXPECT_TRUE(header->runs.empty());
  EXPECT_EQ(header->comment, "");
}

TEST(KernelHeader, ReadsTimesAttributesAndRuns) {
  auto bytes = made_header64(1);
  bytes.patch_u64(0xfa8, 133012345678901234).patch_u64(0x1030, 4955231250).patch_u32(0x1040, 3);
  bytes.patch_u32(0x1044, 0x110).patch_u32(0x1050, 0x1008);
  bytes.patch_u32(0x88, 2).patch_u64(0x90, 0x1ff).patch_u64(0x98, 1).patch_u64(0xa0, 0x9f);
  bytes.patch_u64(0xa8, 0x100).patch_u64(0xb0, 0x160);
  const auto header = read(bytes);
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->uptime, Microseconds(495523125));
  EXPECT_EQ(header->product_type, 3U);
  ASSERT_EQ(header->runs.size(), 2U);
  EXPECT_EQ(header->runs[1].first, 0x100U);
  EXPECT_EQ(header->runs[1].count, 0x160U);
  EXPECT_THAT(attribute_names(*header->attributes), ElementsAre("kernel_triage", "0x1000"));
}

TEST(KernelHeader, NotesRunsThatAreMoreThanFit) {
  auto bytes = made_header64(1);
  bytes.patch_u32(0x88, 43).patch_u64(0x90, 10);
  MemorySource source{ByteView(bytes.bytes())};
  Diagnostics diagnostics;
  const auto header = read_header(source, diagnostics);
  ASSERT_TRUE(header.ok());
  EXPECT_TRUE(header->runs.empty());
  EXPECT_THAT(diagnostics.notes(), ElementsAre(HasSubstr("43 runs")));
}

TEST(KernelHeader, ReadsOneOf32Bits) {
  const auto bytes = made_header32(1, true);
  const auto header = read(bytes);
  ASSERT_TRUE(header.ok()) << header.error().message();
  EXPECT_FALSE(header->is_64bit);
  EXPECT_TRUE(header->pae);
  EXPECT_EQ(header->cpu, snapshot::Cpu::X86);
  EXPECT_EQ(header->directory_table, 0x185000U);
  EXPECT_EQ(header->module_list, 0x82938850U);
  EXPECT_EQ(header->debugger_data, 0x82926be8U);
  EXPECT_THAT(header->bugcheck.parameters, ElementsAre(0xc0000005, 0x82850000, 0x8a0b1c00, 0));
  EXPECT_EQ(header->type, DumpType::Full);
}

TEST(KernelHeader, RefusesAnEncryptedDumpByName) {
  auto bytes = made_header64(6);
  bytes.patch_u32(0x1050, 0x100);
  const auto header = read(bytes);
  ASSERT_FALSE(header.ok());
  EXPECT_EQ(header.error().code(), Errc::Unsupported);
  EXPECT_THAT(header.error().message(), HasSubstr("encrypted"));
}

TEST(KernelHeader, NamesAFileOfZeros) {
  const auto header = read(test::ByteBuilder(std::string(0x4000, '\0')));
  ASSERT_FALSE(header.ok());
  EXPECT_EQ(header.error().code(), Errc::Malformed);
  EXPECT_THAT(header.error().message(), HasSubstr("zeros"));
}

TEST(KernelHeader, NamesAHeaderOfZeros) {
  for (const std::string start : {"PAGEDU64", "PAGEDUMP"}) {
    const auto header = read(test::ByteBuilder(start + std::string(0x4000, '\0')));
    ASSERT_FALSE(header.ok());
    EXPECT_EQ(header.error().code(), Errc::Malformed);
    EXPECT_THAT(header.error().message(), HasSubstr("its header was never written"));
  }
}

TEST(KernelHeader, NotesAMachineWithoutProcessors) {
  auto bytes = made_header64(1);
  bytes.patch_u32(0x34, 0);
  MemorySource source{ByteView(bytes.bytes())};
  Diagnostics diagnostics;
  ASSERT_TRUE(read_header(source, diagnostics).ok());
  EXPECT_THAT(diagnostics.notes(), testing::Contains(HasSubstr("0 is no number of processors")));
}

TEST(KernelHeader, RefusesAHeaderThatIsCutOff) {
  const auto whole = made_header64(4).bytes();
  for (const std::size_t size : {std::size_t{8}, std::size_t{0x1000}, std::size_t{0x1fff}}) {
    const auto header = read(test::ByteBuilder(std::string(whole.substr(0, size))));
    ASSERT_FALSE(header.ok()) << size;
    EXPECT_EQ(header.error().code(), Errc::Truncated) << size;
  }
}

TEST(KernelHeader, ReadsADumpThatIsOnlyThat) {
  const auto bytes = made_header64(3);
  const auto dump = KernelDump::parse(ByteView(bytes.bytes()));
  ASSERT_TRUE(dump.ok()) << dump.error().message();
  const auto& kernel = *(*dump)->snapshot().kernel;
  EXPECT_EQ(kernel.dump_type, "header");
  EXPECT_EQ(kernel.bugcheck.code, 0xd1U);
  EXPECT_THAT((*dump)->diagnostics().notes(), testing::Contains(HasSubstr("its header")));
}

TEST(Bugcheck, LosesTheFlagOfSmallDumpsAndKeepsACodeOfItsOwn) {
  EXPECT_EQ(snapshot::Bugcheck{.code = 0x1000007e}.base_code(), 0x7eU);
  EXPECT_EQ(snapshot::Bugcheck{.code = 0xa0000001}.base_code(), 0xa0000001U);
  EXPECT_EQ(snapshot::Bugcheck{.code = 0xc000021a}.base_code(), 0xc000021aU);
  EXPECT_EQ(snapshot::Bugcheck{.code = 0xd1}.base_code(), 0xd1U);
}

TEST(KernelHeader, OfATypeThatIsNotKnownTellsItsNumber) {
  for (const auto& [type, text] : {std::pair{77U, "unknown (77)"}, std::pair{0U, "unknown (0)"},
                                   std::pair{kFiller32, "unknown"}}) {
    const auto bytes = made_header64(type).bytes();
    const auto dump = KernelDump::parse(ByteView(std::string_view(bytes)));
    ASSERT_TRUE(dump.ok()) << dump.error().message();
    EXPECT_EQ((*dump)->snapshot().kernel->dump_type, text);
  }
}

TEST(KernelHeader, CallsADumpWithoutPagesOfLittleUseActive) {
  const auto type_of = [](std::uint32_t attributes) {
    auto header = made_header64(5);
    const auto bytes = header.patch_u32(0x1050, attributes).bytes();
    const auto dump = KernelDump::parse(ByteView(std::string_view(bytes)));
    return dump.ok() ? (*dump)->snapshot().kernel->dump_type : dump.error().message();
  };
  EXPECT_EQ(type_of(0x40), "active (bitmap full)");
  EXPECT_EQ(type_of(0), "bitmap full");
}

TEST(KernelHeader, LeavesOutCountsAndTimesThatCannotBe) {
  for (const std::uint64_t value : {~std::uint64_t{0}, std::uint64_t{0x7f7f7f7f7f7f7f7f}}) {
    auto bytes = made_header64(1);
    bytes.patch_u32(0x34, static_cast<std::uint32_t>(value));
    bytes.patch_u64(0xfa8, value).patch_u64(0x1030, value);
    MemorySource source{ByteView(bytes.bytes())};
    Diagnostics diagnostics;
    const auto header = read_header(source, diagnostics);
    ASSERT_TRUE(header.ok());
    EXPECT_EQ(header->processors, 0U);
    EXPECT_FALSE(header->crash_time);
    EXPECT_FALSE(header->uptime);
    EXPECT_THAT(diagnostics.notes(), testing::IsSupersetOf({HasSubstr("no number of processors"),
                                                            HasSubstr("no time of a crash"),
                                                            HasSubstr("are no uptime")}));
  }
}

}  // namespace
}  // namespace vigil::kerneldump
