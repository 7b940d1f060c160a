// SPDX-License-Identifier: Apache-2.0
#include "bench/big_process_win.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>

#include <fmt/format.h>

#include "platform/win/child_process.h"
#include "platform/win/win_error.h"

namespace vigil::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr DWORD kBeatMs = 1;
constexpr std::size_t kIdleThreads = 8;
constexpr std::size_t kThreads = kIdleThreads + 2;  // And the main one and that of the pulse.

/// Written by the process, read and reset from outside.
struct Pulse {
  std::atomic<std::uint64_t> beats;
  std::atomic<std::uint64_t> longest_pause_us;
};

/// What the process says when it is ready; addresses of its own.
struct Ready {
  std::uint64_t blocks;
  std::uint64_t block_count;
  std::uint64_t pulse;
};

class Noise {
 public:
  explicit Noise(std::uint64_t seed) : state_(0x9e37'79b9'7f4a'7c15 * (seed + 1)) {}
  std::uint64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }

 private:
  std::uint64_t state_;
};

void fill_with_text(Noise noise, std::span<std::byte> block) {
  constexpr std::array<std::string_view, 8> kPhrases = {
      "GET /orders/",   " HTTP/1.1 200 OK\n", "customer=", "; retry after timeout\n",
      "INFO  payment ", "WARN  queue ",       "session ",  " connection reset by peer\n"};
  std::string text;
  text.reserve(block.size() + 2 * kPhrases.back().size());
  while (text.size() < block.size()) {
    const auto pick = noise.next();
    text += kPhrases[pick % kPhrases.size()];
    fmt::format_to(std::back_inserter(text), "{:05}", (pick >> 8) % 100'000);
  }
  std::memcpy(block.data(), text.data(), block.size());
}

std::uint64_t committed_bytes() {
  std::uint64_t committed = 0;
  std::uintptr_t address = 0;
  MEMORY_BASIC_INFORMATION info{};
  while (::VirtualQuery(reinterpret_cast<const void*>(address), &info, sizeof(info)) != 0) {
    if (info.State == MEM_COMMIT) committed += info.RegionSize;
    address = reinterpret_cast<std::uintptr_t>(info.BaseAddress) + info.RegionSize;
  }
  return committed;
}

void keep_pulse(Pulse& pulse) {
  auto last = SteadyClock::now();
  while (::WaitForSingleObject(::GetCurrentProcess(), kBeatMs) == WAIT_TIMEOUT) {
    const auto now = SteadyClock::now();
    const auto pause = std::chrono::duration_cast<Microseconds>(now - last).count();
    if (const auto us = static_cast<std::uint64_t>(pause); us > pulse.longest_pause_us)
      pulse.longest_pause_us = us;
    ++pulse.beats;
    last = now;
  }
}

bool read_exactly(HANDLE pipe, std::span<std::byte> out) {
  while (!out.empty()) {
    DWORD done = 0;
    const auto size = static_cast<DWORD>(out.size());
    if (::ReadFile(pipe, out.data(), size, &done, nullptr) == FALSE || done == 0) return false;
    out = out.subspan(done);
  }
  return true;
}

struct Pipe {
  platform::KernelHandle read, write;
};

Result<Pipe> make_pipe() {
  SECURITY_ATTRIBUTES inheritable{
      .nLength = sizeof(inheritable), .lpSecurityDescriptor = nullptr, .bInheritHandle = TRUE};
  Pipe pipe;
  if (::CreatePipe(pipe.read.put(), pipe.write.put(), &inheritable, 0) == FALSE)
    return platform::from_last_error("cannot make a pipe");
  return pipe;
}

std::filesystem::path own_path() {
  std::wstring path(32 * 1024, L'\0');
  path.resize(::GetModuleFileNameW(nullptr, path.data(), static_cast<DWORD>(path.size())));
  return path;
}

const void* pointer(std::uint64_t address) {
  return reinterpret_cast<const void*>(static_cast<std::uintptr_t>(address));
}

bool read_memory(HANDLE process, std::uint64_t address, void* out, std::size_t size) {
  return ::ReadProcessMemory(process, pointer(address), out, size, nullptr) != FALSE;
}

}  // namespace

void fill_block(std::size_t number, std::span<std::byte> block) {
  Noise noise(number);
  switch (number % 3) {
    case 0: std::memset(block.data(), 0, block.size()); return;
    case 1: fill_with_text(noise, block); return;
    default:
      for (std::size_t at = 0; at + sizeof(std::uint64_t) <= block.size();
           at += sizeof(std::uint64_t)) {
        const auto value = noise.next();
        std::memcpy(block.data() + at, &value, sizeof(value));
      }
  }
}

int be_big_process(std::uint64_t mebibytes) {
  Pulse pulse{};
  std::thread(keep_pulse, std::ref(pulse)).detach();
  for (std::size_t i = 0; i < kIdleThreads; ++i)
    std::thread([] { ::WaitForSingleObject(::GetCurrentProcess(), INFINITE); }).detach();
  std::vector<std::uint64_t> blocks;
  const auto there = committed_bytes();
  for (auto total = there; total < mebibytes << 20; total += kBlockBytes) {
    auto* block = ::VirtualAlloc(nullptr, kBlockBytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (block == nullptr) return 1;
    fill_block(blocks.size(), std::span(static_cast<std::byte*>(block), kBlockBytes));
    blocks.push_back(reinterpret_cast<std::uintptr_t>(block));
  }
  const Ready ready{.blocks = reinterpret_cast<std::uintptr_t>(blocks.data()),
                    .block_count = blocks.size(),
                    .pulse = reinterpret_cast<std::uintptr_t>(&pulse)};
  DWORD done = 0;
  if (::WriteFile(::GetStdHandle(STD_OUTPUT_HANDLE), &ready, sizeof(ready), &done, nullptr) ==
      FALSE)
    return 1;
  std::byte nothing{};
  (void)read_exactly(::GetStdHandle(STD_INPUT_HANDLE), {&nothing, 1});  // Until it is closed.
  ::ExitProcess(0);
}

Result<BigProcess> BigProcess::start(std::uint64_t mebibytes) {
  VIGIL_TRY_ASSIGN(auto input, make_pipe());
  VIGIL_TRY_ASSIGN(auto output, make_pipe());
  VIGIL_TRY_ASSIGN(auto child,
                   platform::start_child({.program = own_path(),
                                          .arguments = {"--be-big", std::to_string(mebibytes)},
                                          .std_in = input.read.get(),
                                          .std_out = output.write.get()}));
  output.write.reset();
  BigProcess big;
  big.process_ = std::move(child.process);
  big.its_input_ = std::move(input.write);
  big.pid_ = child.pid;
  big.threads_ = kThreads;
  Ready ready{};
  if (!read_exactly(output.read.get(), std::as_writable_bytes(std::span(&ready, 1))))
    return Error{Errc::Internal, "the process that is to be dumped did not come up"};
  big.pulse_ = ready.pulse;
  big.blocks_.resize(static_cast<std::size_t>(ready.block_count));
  if (!read_memory(big.handle(), ready.blocks, big.blocks_.data(),
                   big.blocks_.size() * sizeof(std::uint64_t)))
    return platform::from_last_error("cannot read where the process has its blocks");
  return big;
}

BigProcess::~BigProcess() {
  if (!process_) return;
  constexpr DWORD kEndWaitMs = 10'000;
  its_input_.reset();
  if (::WaitForSingleObject(handle(), kEndWaitMs) != WAIT_OBJECT_0) ::TerminateProcess(handle(), 1);
}

Status BigProcess::watch_pauses() const {
  VIGIL_TRY(longest_pause());  // It is awake again, and through with what was before.
  const std::uint64_t none = 0;
  auto* address = const_cast<void*>(pointer(pulse_ + offsetof(Pulse, longest_pause_us)));
  if (::WriteProcessMemory(handle(), address, &none, sizeof(none), nullptr) == FALSE)
    return platform::from_last_error("cannot reset the pulse");
  return {};
}

Result<Microseconds> BigProcess::longest_pause() const {
  constexpr int kMaxTries = 10'000;
  std::array<std::uint64_t, 2> first{};
  for (int i = 0; i < kMaxTries; ++i) {
    std::array<std::uint64_t, 2> pulse{};
    static_assert(sizeof(pulse) == sizeof(Pulse));
    if (!read_memory(handle(), pulse_, pulse.data(), sizeof(pulse)))
      return platform::from_last_error("cannot read the pulse");
    if (i == 0) first = pulse;
    // One beat may have begun before we came; the second has seen all that was.
    if (pulse[0] - first[0] >= 2) return Microseconds(pulse[1]);
    if (::WaitForSingleObject(handle(), kBeatMs) != WAIT_TIMEOUT) break;
  }
  return Error{Errc::Internal, "the process that was dumped does not run any more"};
}

}  // namespace vigil::bench
