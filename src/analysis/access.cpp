// SPDX-License-Identifier: Apache-2.0
#include "analysis/access.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "analysis/fill_pattern.h"

namespace vigil::analysis {
namespace {

/// What a record holds in place of an address that the processor does not report.
constexpr std::uint64_t kUnknownAddress = ~std::uint64_t{0};

bool is_wide(const Input& input) {
  return input.snapshot.system.cpu != snapshot::Cpu::X86;
}

/// `read`, `write`, `execute`; the verb of the sentence is chosen by who writes it.
std::string access_name(std::uint64_t kind) {
  constexpr std::uint64_t kRead = 0, kWrite = 1, kExecute = 8;
  if (kind == kRead) return "read";
  if (kind == kWrite) return "write";
  return kind == kExecute ? "execute" : "";
}

struct RegionWords {
  std::string sentence;
  std::string_view clause;  ///< To go on after an address.
};

/// What the memory map says of an address.
RegionWords describe_protection(const snapshot::MemoryRegion& region) {
  constexpr std::uint32_t kCommit = 0x1000, kReserve = 0x2000;
  constexpr std::uint32_t kNoAccess = 1, kReadOnly = 2, kReadWrite = 4, kWriteCopy = 8;
  constexpr std::uint32_t kExecute = 0x10, kExecuteRead = 0x20, kExecuteReadWrite = 0x40;
  constexpr std::uint32_t kExecuteWriteCopy = 0x80, kGuard = 0x100, kKinds = 0xff;
  if (region.state == kReserve)
    return {"the memory there is reserved and not committed", "where memory is only reserved"};
  if (region.state != kCommit) return {"nothing is mapped there", "where nothing is mapped"};
  if ((region.protect & kGuard) != 0) return {"it is a guard page", "a guard page"};
  if (region.protect == kNoAccess)
    return {"the memory there allows no access", "where memory allows no access"};
  if (region.protect == kReadOnly)
    return {"the memory there is read-only", "where memory is read-only"};
  switch (region.protect & kKinds) {
    case kExecute:
    case kExecuteRead: return {"there is code", "where code is"};
    case kReadWrite:
    case kWriteCopy: return {"the memory there may be read and written, and not executed", ""};
    case kExecuteReadWrite:
    case kExecuteWriteCopy: return {"the memory there may be read, written and executed", ""};
    default: return {fmt::format("the memory there has protection {:#x}", region.protect), ""};
  }
}

/// Code in a stack, or a return address that was overwritten, is what an attack looks like.
void explain_stack(const snapshot::Snapshot& snapshot,
                   std::uint64_t address,
                   DecodedCrash& result) {
  if (result.crash.access != "execute") return;
  const auto thread = std::ranges::find_if(
      snapshot.threads, [address](const snapshot::Thread& t) { return t.stack.contains(address); });
  if (thread == snapshot.threads.end()) return;
  result.crash.decoded.push_back(
      fmt::format("{:#x} is in the stack of thread {}: a return address or a pointer to a function "
                  "was overwritten, or is none",
                  address, thread->id.value));
  result.region = fmt::format("in the stack of thread {}", thread->id.value);
}

/// What modules, stacks and the memory map know of the address: a sentence for each thing.
void explain_place(const snapshot::Snapshot& snapshot,
                   std::uint64_t address,
                   DecodedCrash& result) {
  auto& crash = result.crash;
  for (const auto& module : snapshot.unloaded_modules) {
    if (!snapshot::AddressRange{module.base, module.size}.contains(address)) continue;
    crash.decoded.push_back(
        fmt::format("{:#x} lay in {}, which had been unloaded", address, module.name));
    result.region = fmt::format("where {} had been unloaded", module.name);
    break;
  }
  explain_stack(snapshot, address, result);
  const auto behind =
      std::upper_bound(snapshot.regions.begin(), snapshot.regions.end(), address,
                       [](std::uint64_t value, const snapshot::MemoryRegion& region) {
                         return value < region.range.base;
                       });
  if (behind == snapshot.regions.begin()) return;
  const auto& region = *std::prev(behind);
  if (!region.range.contains(address)) return;
  auto words = describe_protection(region);
  crash.decoded.push_back(std::move(words.sentence));
  if (result.region.empty()) result.region = words.clause;
}

std::string describe_fill(std::string_view subject, std::uint64_t value, const FillMatch& match) {
  const auto offset =
      match.offset == 0 ? "" : fmt::format(", {:#x} behind its start,", match.offset);
  return fmt::format("{} {:#x}{} is what {} fills {} with", subject, value, offset,
                     match.pattern->filler, match.pattern->memory);
}

/// Patterns of freed and never set memory in the address, and in the registers.
void explain_patterns(const Input& input,
                      const snapshot::ThreadContext& context,
                      DecodedCrash& result) {
  constexpr std::size_t kMaxRegisters = 4;
  const bool wide = is_wide(input);
  auto& crash = result.crash;
  const auto address = crash.accessed_address.value_or(0);
  if (const auto match = find_fill_pattern(address, wide)) {
    result.fill = match->pattern;
    crash.decoded.push_back(describe_fill("the address", address, *match));
  } else if (const auto text = text_of(address, wide); !text.empty()) {
    result.pointer_text = text;
    crash.decoded.push_back(
        fmt::format("the address {:#x} is the text \"{}\": a pointer was overwritten with "
                    "characters, or they were taken for one",
                    address, text));
  }
  std::size_t named = 0;
  for (const auto& [name, value] : snapshot::named_registers(context)) {
    const auto match = find_fill_pattern(value, wide);
    if (!match || value == address || named == kMaxRegisters) continue;
    ++named;
    crash.decoded.push_back(
        describe_fill(fmt::format("what register {} holds,", name), value, *match));
  }
}

const MemoryOperand* find_operand(const Instruction& instruction, std::uint64_t address) {
  const auto found = std::find_if(
      instruction.operands.begin(), instruction.operands.end(), [&](const MemoryOperand& operand) {
        const auto& [start, size, kind] = operand.access;
        return address >= start && address - start < std::max<std::uint64_t>(size, 1);
      });
  return found == instruction.operands.end() ? nullptr : &*found;
}

/// Puts the address of the operand or target that is not canonical into \p crash; false: there is
/// none. The processor does not report such addresses, and calls every access a read.
bool find_true_address(const Instruction& instruction, report::Crash& crash) {
  const auto set = [&crash](std::uint64_t address, std::string access) {
    crash.accessed_address = address;
    crash.access = std::move(access);
    crash.adjusted_address = {"non-canonical", address, std::nullopt};
  };
  constexpr std::string_view kWhy =
      "which is not canonical: the processor does not report such ones";
  for (const auto& operand : instruction.operands) {
    const auto address = operand.access.address;
    if (is_canonical(address)) continue;
    set(address, operand.access.access == "write" ? "write" : "read");
    crash.decoded.push_back(fmt::format("the address is that of the operand {}, {:#x}, {}",
                                        operand.text, address, kWhy));
    return true;
  }
  if (!instruction.target || is_canonical(*instruction.target)) return false;
  set(*instruction.target, "execute");
  crash.decoded.push_back(
      fmt::format("the instruction goes to {:#x}, {}", *instruction.target, kWhy));
  return true;
}

/// Whether the record may hold \p recorded in place of an address that the processor did not
/// report.
bool may_be_hidden(const snapshot::SystemInfo& system, std::uint64_t recorded) {
  if (system.cpu != snapshot::Cpu::Amd64) return false;
  const bool windows = system.os == snapshot::Os::Windows || system.os == snapshot::Os::Unknown;
  return recorded == (windows ? kUnknownAddress : 0);
}

/// Holds what the record says against what the instruction does.
void compare_with_instruction(const Instruction& instruction, report::Crash& crash) {
  const auto address = crash.accessed_address.value_or(0);
  const auto* operand = find_operand(instruction, address);
  if (operand == nullptr) {
    const bool elsewhere =
        crash.access == "execute" || address == kUnknownAddress || address == crash.address;
    if (elsewhere) return;
    if (instruction.touches_no_memory) {
      crash.decoded.emplace_back(
          "the instruction as decoded accesses no memory: the code in the dump is not that of the "
          "fault, or the record is wrong");
    }
    if (instruction.operands.empty()) return;
    crash.decoded.push_back(
        fmt::format("the instruction as decoded does not access {:#x}: the registers or the code "
                    "in the dump are not those of the fault, or the address lies on a page that it "
                    "reaches into",
                    address));
    return;
  }
  const auto& kind = operand->access.access;
  if (crash.access.empty()) crash.access = kind == "readwrite" ? "write" : kind;
  const bool agrees = crash.access.empty() || kind == "readwrite" || kind == crash.access;
  if (!agrees) {
    crash.decoded.push_back(fmt::format(
        "the record calls it a {}, and the instruction can only {} there", crash.access, kind));
  }
  if (operand->base_name.empty() || operand->base >= kNullPageEnd || address < kNullPageEnd) return;
  crash.adjusted_address = {"null-pointer", std::nullopt, address - operand->base};
  crash.decoded.push_back(fmt::format("the base register {} of {} holds {:#x}, a null pointer",
                                      operand->base_name, operand->text, operand->base));
}

/// \p instruction null: it could not be decoded.
void explain_null(std::uint64_t address, const Instruction* instruction, report::Crash& crash) {
  crash.adjusted_address = {"null-pointer", std::nullopt, address};
  if (address == 0) {
    crash.decoded.emplace_back("address 0 is a null pointer");
    return;
  }
  const auto* operand = instruction == nullptr ? nullptr : find_operand(*instruction, address);
  if (crash.access == "execute" || (operand != nullptr && operand->base == address)) {
    const auto holder =
        operand == nullptr ? "" : fmt::format("register {} holds just that, ", operand->base_name);
    crash.decoded.push_back(fmt::format(
        "{:#x} is no address: {}a null pointer with an offset added before, or a small number that "
        "was taken for a pointer",
        address, holder));
    return;
  }
  crash.decoded.push_back(
      fmt::format("address {:#x} is a null pointer and an offset of {:#x}", address, address));
}

}  // namespace

std::string place_in_module(const snapshot::Snapshot& snapshot, std::uint64_t address) {
  const auto found = std::find_if(
      snapshot.modules.begin(), snapshot.modules.end(),
      [address](const snapshot::Module& module) { return module.range().contains(address); });
  if (found == snapshot.modules.end()) return {};
  return fmt::format("{}+{:#x}", found->name(), address - found->base);
}

void decode_access(const Input& input,
                   const snapshot::ThreadContext& context,
                   const Instruction* instruction,
                   DecodedCrash& result) {
  auto& crash = result.crash;
  if (crash.parameters.size() < 2) return;
  const auto recorded = crash.parameters[1];
  crash.access = access_name(crash.parameters[0]);
  crash.accessed_address = recorded;
  explain_access(input, context, instruction, result);
}

void explain_hidden_address(const snapshot::SystemInfo& system,
                            const Instruction& instruction,
                            report::Crash& crash) {
  if (!crash.accessed_address || !may_be_hidden(system, *crash.accessed_address)) return;
  if (find_operand(instruction, *crash.accessed_address) != nullptr) return;
  if (find_true_address(instruction, crash) || instruction.operands.size() != 1) return;
  const auto& operand = instruction.operands.front();
  crash.decoded.push_back(
      fmt::format("the record gives -1 for the address, as of one that the processor does not "
                  "report; by the registers the operand {} is at {:#x}",
                  operand.text, operand.access.address));
  crash.accessed_address = operand.access.address;
  crash.adjusted_address = {"computed", operand.access.address, std::nullopt};
}

void explain_access(const Input& input,
                    const snapshot::ThreadContext& context,
                    const Instruction* instruction,
                    DecodedCrash& result) {
  auto& crash = result.crash;
  if (!crash.accessed_address) return;
  const auto recorded = *crash.accessed_address;
  const bool hidden = may_be_hidden(input.snapshot.system, recorded) && instruction != nullptr &&
                      find_true_address(*instruction, crash);
  const bool at_itself = instruction == nullptr && recorded == crash.address;
  if (at_itself) crash.access = "execute";
  if (!hidden && instruction != nullptr) compare_with_instruction(*instruction, crash);
  // Of an address that is not canonical the record says -1, and that it was read. An instruction
  // that does access -1, or a write, means just that.
  const bool confirmed = instruction != nullptr && find_operand(*instruction, recorded) != nullptr;
  result.address_unknown = !hidden && !at_itself && !confirmed && recorded == kUnknownAddress &&
                           crash.access != "write" &&
                           input.snapshot.system.cpu == snapshot::Cpu::Amd64;
  if (result.address_unknown) {
    crash.decoded.emplace_back(
        "the address is not known: for one that is not canonical the processor reports -1");
    return;
  }
  const auto address = *crash.accessed_address;
  if (address < kNullPageEnd) return explain_null(address, instruction, crash);
  explain_patterns(input, context, result);
  explain_place(input.snapshot, address, result);
}

}  // namespace vigil::analysis
