// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/kernel_machine.h"
#include "unit/kerneldump/made_dump.h"

/// What symbols of the kernel are asked for, and what is made of their answers.
namespace vigil::kerneldump {
namespace {

using test::KernelDumpKind;
using testing::HasSubstr;

/// What there is to know; the rest is not known.
struct Known {
  std::map<std::string, std::uint64_t> globals{};
  std::map<std::pair<std::string, std::string>, KernelSymbols::Field> fields{};
};

class MadeSymbols final : public KernelSymbols {
 public:
  explicit MadeSymbols(const Known& known) : known_(known) {}

  [[nodiscard]] std::string name() const override { return "made.pdb"; }
  [[nodiscard]] std::optional<std::uint64_t> offset_of(std::string_view name) override {
    const auto found = known_.globals.find(std::string(name));
    return found == known_.globals.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] std::optional<Field> field(std::string_view type, std::string_view path) override {
    const auto found = known_.fields.find({std::string(type), std::string(path)});
    return found == known_.fields.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] std::optional<std::uint64_t> size_of(std::string_view) override {
    return std::nullopt;
  }

 private:
  const Known& known_;
};

std::unique_ptr<KernelDump> dump_with(const std::string& bytes, const Known& known) {
  auto dump = KernelDump::parse(
      ByteView(std::string_view(bytes)),
      [&](const snapshot::Module& kernel, snapshot::Memory& memory, Diagnostics&) {
        EXPECT_EQ(kernel.name(), "ntoskrnl.exe");
        EXPECT_FALSE(kernel.debug_id.empty());
        EXPECT_FALSE(memory.at(kernel.base, 2).empty());
        return std::make_unique<MadeSymbols>(known);
      });
  EXPECT_TRUE(dump.ok());
  return std::move(dump).take();
}

/// Where the made machine has what its dumps then lack.
Known globals_of(const test::KernelMachine& machine) {
  const auto& truth = machine.truth();
  Known symbols;
  for (const auto& [name, address] : truth.globals)
    symbols.globals[name] = address - truth.kernel_base;
  return symbols;
}

TEST(KernelSymbols, LeadToListsWithoutDebuggerData) {
  auto machine = test::make_kernel_machine({.unknown_kernel = true});
  const auto& truth = machine.truth();
  machine.patch_virtual(truth.kdbg + 0x10, std::string(8, '\0'));
  auto symbols = globals_of(machine);
  const auto bytes = machine.dump(KernelDumpKind::BitmapKernel);
  EXPECT_TRUE(dump_with(bytes, {})->snapshot().kernel->processors.empty());
  const auto dump = dump_with(bytes, symbols);
  const auto& kernel = *dump->snapshot().kernel;
  ASSERT_EQ(kernel.processors.size(), truth.processors.size());
  EXPECT_EQ(kernel.processors[1].current_thread, truth.crash_thread);
}

TEST(KernelSymbols, WithoutTypesLeaveOffsetsToTheTables) {
  const auto machine = test::make_kernel_machine();
  Known symbols;
  symbols.globals["MiSystemPartition"] = 0xa000;
  const auto dump = dump_with(machine.dump(KernelDumpKind::BitmapKernel), symbols);
  EXPECT_EQ(dump->snapshot().kernel->offsets, "table for builds 19041 to 19045");
}

/// A member of a size that no counter has, behind the end of memory, and a negative one.
TEST(KernelSymbols, ThatLeadNowhereGiveNoFigures) {
  const auto machine = test::make_kernel_machine({.unknown_kernel = true});
  auto symbols = globals_of(machine);
  const std::string type = "_MI_PARTITION";
  symbols.fields[{type, "Vp.AvailablePages"}] = {.offset = 0, .size = 3};
  symbols.fields[{type, "Vp.TotalCommitLimit"}] = {.offset = std::uint64_t{1} << 40, .size = 8};
  symbols.fields[{type, "Vp.TotalCommittedPages"}] = {.offset = ~std::uint64_t{0}, .size = 8};
  symbols.globals["MmSharedCommit"] = ~std::uint64_t{0};
  const auto dump = dump_with(machine.dump(KernelDumpKind::BitmapKernel), symbols);
  for (const auto& counter : dump->snapshot().kernel->counters) {
    EXPECT_THAT(counter.source, testing::Not(HasSubstr("by symbols"))) << counter.name;
  }
}

/// Of systems before Windows 10 each figure is a global of its own.
TEST(KernelSymbols, HaveFiguresOfOlderSystemsByTheirNames) {
  auto machine = test::make_kernel_machine({.build = 9600, .unknown_kernel = true});
  const auto& truth = machine.truth();
  Known symbols;
  const auto partition = truth.globals.at("MiSystemPartition");
  machine.patch_virtual_u64(partition, 0x77);
  machine.patch_virtual_u64(truth.kdbg + 0x1a8, 0);  // MmAvailablePages
  symbols.globals["MmAvailablePages"] = partition - truth.kernel_base;
  const auto dump = dump_with(machine.dump(KernelDumpKind::BitmapKernel), symbols);
  const auto& counters = dump->snapshot().kernel->counters;
  const auto found =
      std::ranges::find(counters, std::string_view("available"), &snapshot::KernelCounter::name);
  EXPECT_EQ(found->value, 0x77U * 4096);
  EXPECT_EQ(found->source, "MmAvailablePages by symbols");
}

}  // namespace
}  // namespace vigil::kerneldump
