// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/analysis.h"

namespace {

using vigil::analysis::kMaxSignatureBytes;

/// The captured memory: the end of the input, at one address.
constexpr std::uint64_t kBase = 0x10000;

class FuzzMemory final : public vigil::snapshot::Memory {
 public:
  explicit FuzzMemory(std::string_view bytes) : bytes_(bytes) {}
  [[nodiscard]] vigil::ByteView at(std::uint64_t address, std::uint64_t size) override {
    return address < kBase ? vigil::ByteView{} : bytes_.clamp(address - kBase, size);
  }

 private:
  vigil::ByteView bytes_;
};

/// Takes values from the front of the input; zeros when it is used up.
class Input {
 public:
  explicit Input(std::string_view rest) : rest_(rest) {}
  std::uint64_t number(std::size_t bytes) {
    std::uint64_t value = 0;
    const auto taken = rest_.substr(0, bytes);
    rest_.remove_prefix(taken.size());
    for (const char c : taken) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

constexpr std::array<std::uint32_t, 18> kCodes = {
    0xc0000005, 0xc0000006, 0xc00000fd, 0xc0000409, 0xe06d7363, 0xc0000374,
    0xc000027b, 0xc06d007f, 0xc0000094, 0xc000001d, 0x80000003, 0xe0434352,
    0x56494701, 0x56494703, 0x56494704, 0x00000000, 0x0000000b, 0xffffffff};
constexpr std::array<const char*, 8> kFunctions = {
    "",          "Cart::total",          "RtlEnterCriticalSection", "abort",
    "_purecall", "std::vector<int>::at", "NtWaitForSingleObject",   "memcpy"};
constexpr std::array<const char*, 4> kModules = {"", "ntdll.dll", "orders.dll", "sqlite3.dll"};

void add_thread(Input& input,
                vigil::snapshot::Snapshot& snapshot,
                std::vector<vigil::report::Thread>& threads) {
  auto& captured = snapshot.threads.emplace_back();
  captured.id = vigil::ThreadId{static_cast<std::uint32_t>(threads.size() + 1)};
  captured.teb = kBase + input.number(1);
  vigil::snapshot::Amd64Context context;
  for (auto& value : context.gpr) value = kBase + input.number(1);
  context.rip = kBase + input.number(1);
  captured.context = context;
  auto& walked = threads.emplace_back();
  walked.thread_id = captured.id.value;
  for (auto count = input.number(1) % 32; count > 0; --count) {
    auto& frame = walked.frames.emplace_back();
    const auto choice = input.number(1);
    frame.function = kFunctions[choice % kFunctions.size()];
    frame.module = kModules[choice / kFunctions.size() % kModules.size()];
    frame.trust = (choice & 0x80) != 0 ? "scan" : "unwind_info";
  }
}

}  // namespace

/// Whatever memory, registers and stacks hold: an answer within its limits.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input({reinterpret_cast<const char*>(data), size});
  vigil::snapshot::Snapshot snapshot;
  constexpr std::array kCpus = {vigil::snapshot::Cpu::Amd64, vigil::snapshot::Cpu::X86};
  snapshot.system.cpu = kCpus[input.number(1) % kCpus.size()];
  const auto code = kCodes[input.number(1) % kCodes.size()];
  if (code < 0x100 || code == 0xffff'ffff) snapshot.system.os = vigil::snapshot::Os::Linux;
  std::vector<vigil::report::Thread> threads;
  for (int i = 0; i < 3; ++i) add_thread(input, snapshot, threads);
  if (code != 0) {
    auto& exception = snapshot.exception.emplace();
    exception.code = code;
    exception.thread = vigil::ThreadId{1};
    exception.address = vigil::snapshot::instruction_pointer(snapshot.threads[0].context).value();
    for (int i = 0; i < 4; ++i) exception.parameters.push_back(kBase + input.number(1));
    if ((input.number(1) & 1) != 0) exception.parameters[1] = ~std::uint64_t{0};
  }
  FuzzMemory memory(input.rest());
  const auto findings = vigil::analysis::analyze({snapshot, memory, threads});
  const bool fits = findings.signature.text.size() <= kMaxSignatureBytes &&
                    findings.signature.strict.size() <= kMaxSignatureBytes &&
                    !findings.synopsis.empty();
  if (!fits) std::abort();
  return 0;
}
