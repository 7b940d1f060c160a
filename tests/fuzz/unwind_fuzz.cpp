// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "unit/unwind/fake_process.h"
#include "unwind/unwind.h"

namespace {

using vigil::test::ByteBuilder;
using vigil::test::CodeModule;
using vigil::test::FakeProcess;
using vigil::test::PeBuilder;

constexpr std::size_t kMaxFrames = 100;

/// Takes values from the front of the input; zeros when it is used up.
class Input {
 public:
  explicit Input(std::string_view rest) : rest_(rest) {}
  std::uint64_t number(std::size_t bytes) {
    std::uint64_t value = 0;
    for (const char c : take(bytes)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::string_view take(std::size_t bytes) {
    const auto taken = rest_.substr(0, bytes);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

std::string module_from(Input& in, std::uint32_t machine) {
  CodeModule module(machine);
  module.code(CodeModule::kText, in.take(in.number(2) % 0x1000));
  module.add_info(ByteBuilder(std::string(in.take(in.number(2) % 0x800))));
  for (auto entries = in.number(1) % 32; entries > 0; --entries) {
    const auto begin = static_cast<std::uint32_t>(CodeModule::kText + in.number(2) % 0x1100);
    const auto info = static_cast<std::uint32_t>(in.number(4));
    if (machine == PeBuilder::kArm64) {
      module.arm64_function(begin, info % 4 == 0 ? CodeModule::kInfo + info % 0x900 : info);
    } else {
      module.function_at(begin, begin + static_cast<std::uint32_t>(in.number(1)),
                         CodeModule::kInfo + info % 0x2000);
    }
  }
  return module.build().mapped();
}

vigil::snapshot::ThreadContext context_from(Input& in, std::uint32_t machine, std::uint64_t base) {
  const auto pc = base + CodeModule::kText + in.number(2) % 0x1100;
  const auto stack = [&] { return FakeProcess::kStack + 8 * (in.number(1) % 64); };
  if (machine == PeBuilder::kX86) {
    vigil::snapshot::X86Context context;
    context.eip = static_cast<std::uint32_t>(pc);
    context.esp = static_cast<std::uint32_t>(stack());
    context.ebp = static_cast<std::uint32_t>(stack());
    return context;
  }
  if (machine == PeBuilder::kArm64) {
    vigil::snapshot::Arm64Context context;
    context.pc = pc;
    context.sp = stack();
    context.x[29] = stack();
    context.x[30] = base + CodeModule::kText + in.number(2);
    return context;
  }
  vigil::snapshot::Amd64Context context;
  for (auto& value : context.gpr) value = stack();
  context.rip = pc;
  return context;
}

}  // namespace

/// Walks a stack by code and unwind tables from the input: always upwards, always to an end.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  Input in(vigil::ByteView(bytes).text());
  constexpr std::uint32_t kMachines[] = {PeBuilder::kAmd64, PeBuilder::kX86, PeBuilder::kArm64};
  const auto machine = kMachines[in.number(1) % 3];
  const auto base = machine == PeBuilder::kX86 ? FakeProcess::kBase32 : FakeProcess::kBase;
  const auto context = context_from(in, machine, base);
  FakeProcess process;
  process.module(base, module_from(in, machine)).stack(ByteBuilder(std::string(in.rest())));
  const auto walk = process.walk(context, kMaxFrames);
  VIGIL_CHECK(!walk.frames.empty() && walk.frames.size() <= kMaxFrames);
  const bool keeps_stack = machine == PeBuilder::kArm64;
  for (std::size_t i = 1; i < walk.frames.size(); ++i) {
    const auto below = *vigil::snapshot::stack_pointer(walk.frames[i - 1].context);
    const auto above = *vigil::snapshot::stack_pointer(walk.frames[i].context);
    VIGIL_CHECK(above > below || (keeps_stack && i == 1 && above == below));
  }
  return 0;
}
