// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/kernel_machine.h"
#include "unit/image/image_support.h"
#include "unwind/unwind.h"

/// The stacks of made machines, walked by the unwinder of user dumps over their own memory.
namespace vigil::test {
namespace {

class MachineMemory final : public snapshot::Memory {
 public:
  explicit MachineMemory(const KernelMachine& machine) : machine_(machine) {}
  ByteView at(std::uint64_t address, std::uint64_t size) override {
    try {
      read_.push_back(std::make_unique<std::string>(machine_.read_virtual(address, size)));
      return ByteView(std::string_view(*read_.back()));
    } catch (const std::logic_error&) {
      return {};
    }
  }

 private:
  const KernelMachine& machine_;
  std::vector<std::unique_ptr<std::string>> read_;
};

/// The kernel's modules and those of the current process.
class MachineImages final : public image::ImageSource {
 public:
  explicit MachineImages(const KernelMachine& machine) {
    for (const auto& module : machine.truth().modules) add(machine, module.base, module.size);
    if (machine.truth().crash_process != machine.truth().application) return;
    for (const auto& module : machine.truth().peb.modules) add(machine, module.base, module.size);
  }
  const image::PeImage* image(std::size_t index) override { return &*images_.at(index)->image; }
  [[nodiscard]] const std::vector<snapshot::Module>& modules() const { return modules_; }

 private:
  void add(const KernelMachine& machine, std::uint64_t base, std::uint32_t size) {
    snapshot::Module module;
    module.base = base;
    module.size = size;
    modules_.push_back(module);
    images_.push_back(std::make_unique<OpenImage>(machine.read_virtual(base, size)));
    EXPECT_TRUE(images_.back()->image.ok());
  }
  std::vector<snapshot::Module> modules_;
  std::vector<std::unique_ptr<OpenImage>> images_;
};

using Places = std::vector<std::pair<std::uint64_t, std::uint64_t>>;  // instruction, stack pointer

Places places_of(const std::vector<FrameTruth>& frames) {
  Places places;
  for (const auto& frame : frames) places.emplace_back(frame.instruction, frame.stack_pointer);
  return places;
}

Places walk_once(const KernelMachine& machine, const snapshot::Amd64Context& registers) {
  MachineMemory memory(machine);
  MachineImages images(machine);
  const snapshot::ModuleMap map(images.modules());
  const snapshot::ThreadContext context = registers;
  const auto walked = unwind::walk_stack({.context = context,
                                          .memory = memory,
                                          .modules = images.modules(),
                                          .module_map = map,
                                          .images = images});
  Places places;
  for (const auto& frame : walked.frames) {
    places.emplace_back(frame.resume, snapshot::stack_pointer(frame.context).value_or(0));
  }
  return places;
}

/// Goes on where the outermost trap frame of the thread that crashed says that user code was: on
/// another stack.
Places walk(const KernelMachine& machine, const snapshot::Amd64Context& registers) {
  auto places = walk_once(machine, registers);
  const auto number = [&machine](std::uint64_t address) {
    const auto bytes = machine.read_virtual(address, 8);
    return *ByteView(std::string_view(bytes)).read<std::uint64_t>(0);
  };
  const auto trap_frame = number(machine.truth().crash_thread + 0x90);
  if (trap_frame == 0) return places;
  snapshot::Amd64Context user;
  user.rip = number(trap_frame + 0x168);
  user.gpr[4] = number(trap_frame + 0x180);
  for (const auto& place : walk_once(machine, user)) places.push_back(place);
  return places;
}

snapshot::Amd64Context read_context(const std::string& bytes) {
  const ByteView view{std::string_view(bytes)};
  snapshot::Amd64Context context;
  for (std::size_t i = 0; i < 16; ++i) {
    context.gpr.at(i) = *view.read<std::uint64_t>(0x78 + 8 * i);
  }
  context.rip = *view.read<std::uint64_t>(0xf8);
  return context;
}

class EveryCrash : public testing::TestWithParam<KernelCrash> {};

TEST_P(EveryCrash, ItsStackIsWalkedFromTheBugcheckAcrossTheTrapIntoUserCode) {
  const auto machine = make_kernel_machine({.crash = GetParam()});
  const auto& truth = machine.truth();
  EXPECT_EQ(walk(machine, read_context(machine.context)), places_of(truth.bugcheck_stack));
  if (truth.context != 0) {
    EXPECT_EQ(walk(machine, read_context(machine.read_virtual(truth.context, 0x4d0))),
              places_of(truth.fault_stack));
  }
}

INSTANTIATE_TEST_SUITE_P(KernelMachine,
                         EveryCrash,
                         testing::Values(KernelCrash::DriverIrql,
                                         KernelCrash::SystemService,
                                         KernelCrash::SystemThread,
                                         KernelCrash::SecurityCheck,
                                         KernelCrash::ManuallyStarted,
                                         KernelCrash::CriticalProcess,
                                         KernelCrash::PowerState));

TEST(KernelMachine, WaitingThreadsAreWalkedFromWhereTheirKernelStackPoints) {
  const auto machine = make_kernel_machine();
  std::uint64_t swap_context = 0;
  for (const auto& function : machine.truth().modules.front().functions) {
    if (function.name == "SwapContext") swap_context = function.address;
  }
  for (const auto& process : machine.truth().processes) {
    for (const auto& thread : process.threads) {
      if (thread.state != 5) continue;
      snapshot::Amd64Context context;
      context.rip = swap_context + 0x58;
      context.gpr[4] = thread.kernel_stack;
      auto walked = walk_once(machine, context);
      ASSERT_GT(walked.size(), thread.stack.size()) << thread.tid;
      walked.erase(walked.begin());
      walked.resize(thread.stack.size());
      EXPECT_EQ(walked, places_of(thread.stack)) << thread.tid;
    }
  }
}

TEST(KernelMachine, ItsImagesSayWhoTheyAre) {
  const auto machine = make_kernel_machine({.build = 20348});
  MachineImages images(machine);
  std::size_t index = 0;
  for (const auto& module : machine.truth().modules) {
    const auto* image = images.image(index++);
    EXPECT_EQ(image::read_file_version(*image), module.version);
    const auto record = image::read_codeview(*image);
    ASSERT_TRUE(record.has_value());
    EXPECT_EQ(record->debug_file, module.pdb);
    EXPECT_EQ(record->debug_id, module.debug_id);
    for (const auto& function : module.functions) {
      const auto found = image::find_export(*image, function.name);
      if (!found) continue;
      EXPECT_EQ(module.base + found->rva, function.address) << function.name;
    }
  }
  EXPECT_TRUE(image::find_export(*images.image(0), "PsGetProcessId").has_value());
}

}  // namespace
}  // namespace vigil::test
