// SPDX-License-Identifier: Apache-2.0
#include "analysis/crash.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include <fmt/format.h>

#include "analysis/cxx_type.h"
#include "analysis/exit_trap.h"
#include "analysis/fast_fail.h"
#include "base/exception_codes.h"

namespace vigil::analysis {
namespace {

constexpr std::uint32_t kAccessViolation = 0xc0000005;
constexpr std::uint32_t kInPageError = 0xc0000006;
constexpr std::uint32_t kGuardPage = 0x80000001;
constexpr std::uint32_t kStackOverflow = 0xc00000fd;
constexpr std::uint32_t kFastFail = 0xc0000409;
constexpr std::uint32_t kClrException = 0xe0434352;

std::uint64_t parameter(const report::Crash& crash, std::size_t index) {
  return index < crash.parameters.size() ? crash.parameters[index] : 0;
}

/// `read`, `write`, `execute`; the verb of the sentence is chosen by who writes it.
std::string access_name(std::uint64_t kind) {
  constexpr std::uint64_t kRead = 0, kWrite = 1, kExecute = 8;
  if (kind == kRead) return "read";
  if (kind == kWrite) return "write";
  return kind == kExecute ? "execute" : "";
}

/// What the memory map says of an address, as the end of a sentence.
std::string describe_protection(const snapshot::MemoryRegion& region) {
  constexpr std::uint32_t kCommit = 0x1000, kReserve = 0x2000;
  constexpr std::uint32_t kNoAccess = 1, kReadOnly = 2, kExecuteRead = 0x20, kGuard = 0x100;
  if (region.state == kReserve) return "the memory there is reserved and not committed";
  if (region.state != kCommit) return "nothing is mapped there";
  if ((region.protect & kGuard) != 0) return "it is a guard page";
  if (region.protect == kNoAccess) return "the memory there allows no access";
  if (region.protect == kReadOnly) return "the memory there is read-only";
  if (region.protect == kExecuteRead) return "there is code";
  return fmt::format("the memory there has protection {:#x}", region.protect);
}

/// What is known of the address that was accessed: a sentence for each thing.
void explain_address(const snapshot::Snapshot& snapshot,
                     std::uint64_t address,
                     report::Crash& crash) {
  for (const auto& module : snapshot.unloaded_modules) {
    if (!snapshot::AddressRange{module.base, module.size}.contains(address)) continue;
    crash.decoded.push_back(
        fmt::format("{:#x} lay in {}, which had been unloaded", address, module.name));
    break;
  }
  const auto behind =
      std::upper_bound(snapshot.regions.begin(), snapshot.regions.end(), address,
                       [](std::uint64_t value, const snapshot::MemoryRegion& region) {
                         return value < region.range.base;
                       });
  if (behind == snapshot.regions.begin()) return;
  const auto& region = *std::prev(behind);
  if (region.range.contains(address)) crash.decoded.push_back(describe_protection(region));
}

void decode_access(const Input& input, report::Crash& crash) {
  constexpr std::uint64_t kNotCanonical = ~std::uint64_t{0};
  if (crash.parameters.size() < 2) return;
  const auto address = parameter(crash, 1);
  crash.access = access_name(parameter(crash, 0));
  crash.accessed_address = address;
  if (address == kNotCanonical && input.snapshot.system.cpu == snapshot::Cpu::Amd64) {
    crash.decoded.emplace_back(
        "the address is not known: for one that is not canonical the processor reports -1");
    return;
  }
  if (address == 0) {
    crash.decoded.emplace_back("address 0 is a null pointer");
  } else if (address < kNullPageEnd) {
    crash.decoded.push_back(
        fmt::format("address {:#x} is a null pointer and an offset of {:#x}", address, address));
  }
  if (address >= kNullPageEnd) explain_address(input.snapshot, address, crash);
}

void decode_fast_fail(report::Crash& crash) {
  if (crash.parameters.empty()) return;
  const auto code = crash.parameters.front();
  const auto* info = find_fast_fail(code);
  const std::string_view name = info == nullptr ? "without a known name" : info->name;
  crash.decoded.push_back(fmt::format("fast-fail code {}, {}", code, name));
  if (info != nullptr && !info->meaning.empty()) crash.decoded.emplace_back(info->meaning);
}

void decode_cxx(const Input& input, DecodedCrash& result) {
  result.cxx_type =
      read_msvc_type(input.snapshot.system.cpu, input.memory, result.crash.parameters);
  if (!result.cxx_type.empty()) {
    result.crash.decoded.push_back(fmt::format("what was thrown is a {}", result.cxx_type));
  }
  if (result.crash.parameters.size() > 1) {
    result.crash.decoded.push_back(
        fmt::format("the thrown object is at {:#x}", result.crash.parameters[1]));
  }
}

Ending decode_parameters(const Input& input, DecodedCrash& result) {
  auto& crash = result.crash;
  switch (crash.code) {
    case kAccessViolation:
    case kGuardPage: decode_access(input, crash); return Ending::Access;
    case kInPageError:
      decode_access(input, crash);
      if (crash.parameters.size() > 2) {
        crash.decoded.push_back(
            fmt::format("reading the page failed with {}",
                        exception_name(static_cast<std::uint32_t>(crash.parameters[2]))));
      }
      return Ending::Access;
    case kStackOverflow: decode_access(input, crash); return Ending::StackOverflow;
    case kFastFail: decode_fast_fail(crash); return Ending::FastFail;
    case kMsvcCxxException: decode_cxx(input, result); return Ending::CxxException;
    case kGccCxxException: return Ending::CxxException;
    case kClrException:
      if (!crash.parameters.empty()) {
        crash.decoded.push_back(
            fmt::format("its HRESULT is {:#010x}", crash.parameters[0] & 0xffff'ffff));
      }
      return Ending::Other;
    default: return Ending::Other;
  }
}

/// Addresses of a 32-bit process, which some writers extend by their sign.
void narrow_addresses(report::Crash& crash) {
  constexpr std::uint64_t kLow = 0xffff'ffff;
  crash.address &= kLow;
  for (auto& value : crash.parameters) value &= kLow;
}

}  // namespace

std::optional<DecodedCrash> decode_crash(const Input& input, const report::Thread* stack) {
  if (!input.snapshot.exception) return std::nullopt;
  const auto& exception = *input.snapshot.exception;
  DecodedCrash result;
  auto& crash = result.crash;
  crash.kind = "exception";
  crash.code = exception.code;
  crash.name = exception_name(exception.code);
  if (const auto* info = find_exception_code(exception.code)) crash.meaning = info->meaning;
  crash.address = exception.address;
  crash.parameters = exception.parameters;
  crash.thread_id = exception.thread.value;
  if (input.snapshot.system.cpu == snapshot::Cpu::X86) narrow_addresses(crash);
  result.ending =
      crash.code == kExitTrapCode ? decode_exit(stack, crash) : decode_parameters(input, result);
  return result;
}

}  // namespace vigil::analysis
