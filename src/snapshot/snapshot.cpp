// SPDX-License-Identifier: Apache-2.0
#include "snapshot/snapshot.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/utf.h"

namespace vigil::snapshot {
namespace {

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <class... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

constexpr std::array<std::string_view, 31> kArm64Names = {
    "x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",  "x10",
    "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",
    "x22", "x23", "x24", "x25", "x26", "x27", "x28", "fp",  "lr"};

std::vector<NamedRegister> names_of(const X86Context& c) {
  return {{"eax", c.eax}, {"ebx", c.ebx}, {"ecx", c.ecx}, {"edx", c.edx}, {"esi", c.esi},
          {"edi", c.edi}, {"eip", c.eip}, {"esp", c.esp}, {"ebp", c.ebp}, {"eflags", c.eflags}};
}

std::vector<NamedRegister> names_of(const Amd64Context& c) {
  using enum Amd64Register;
  struct Name {
    std::string_view name;
    Amd64Register reg;
  };
  // rip stands behind the first six.
  static constexpr std::array kNames = {
      Name{"rax", Rax}, Name{"rbx", Rbx}, Name{"rcx", Rcx}, Name{"rdx", Rdx},
      Name{"rsi", Rsi}, Name{"rdi", Rdi}, Name{"rsp", Rsp}, Name{"rbp", Rbp},
      Name{"r8", R8},   Name{"r9", R9},   Name{"r10", R10}, Name{"r11", R11},
      Name{"r12", R12}, Name{"r13", R13}, Name{"r14", R14}, Name{"r15", R15}};
  std::vector<NamedRegister> registers;
  registers.reserve(kNames.size() + 2);
  for (const auto& [name, reg] : kNames) {
    if (reg == Rsp) registers.push_back({"rip", c.rip});
    const auto index = static_cast<unsigned>(reg);
    if ((c.known >> index & 1U) != 0) registers.push_back({name, c.gpr[index]});
  }
  registers.push_back({"eflags", c.eflags});
  return registers;
}

std::vector<NamedRegister> names_of(const Arm64Context& c) {
  std::vector<NamedRegister> registers;
  registers.reserve(c.x.size() + 3);
  for (std::size_t i = 0; i < c.x.size(); ++i) registers.push_back({kArm64Names[i], c.x[i]});
  registers.push_back({"sp", c.sp});
  registers.push_back({"pc", c.pc});
  registers.push_back({"cpsr", c.cpsr});
  return registers;
}

}  // namespace

std::string_view to_string(Cpu cpu) noexcept {
  switch (cpu) {
    case Cpu::Unknown: return "unknown";
    case Cpu::X86: return "x86";
    case Cpu::Amd64: return "amd64";
    case Cpu::Arm: return "arm";
    case Cpu::Arm64: return "arm64";
  }
  return "unknown";
}

std::string_view to_string(Os os) noexcept {
  switch (os) {
    case Os::Unknown: return "unknown";
    case Os::Windows: return "windows";
    case Os::Linux: return "linux";
    case Os::Android: return "android";
    case Os::MacOs: return "macos";
    case Os::Ios: return "ios";
    case Os::Other: return "other";
  }
  return "unknown";
}

std::optional<std::uint64_t> instruction_pointer(const ThreadContext& context) noexcept {
  using Address = std::optional<std::uint64_t>;
  return std::visit(Overloaded{[](std::monostate) { return Address(); },
                               [](const X86Context& c) { return Address(c.eip); },
                               [](const Amd64Context& c) { return Address(c.rip); },
                               [](const Arm64Context& c) { return Address(c.pc); }},
                    context);
}

std::optional<std::uint64_t> stack_pointer(const ThreadContext& context) noexcept {
  using Address = std::optional<std::uint64_t>;
  constexpr auto kRsp = static_cast<std::size_t>(Amd64Register::Rsp);
  return std::visit(Overloaded{[](std::monostate) { return Address(); },
                               [](const X86Context& c) { return Address(c.esp); },
                               [](const Amd64Context& c) { return Address(c.gpr[kRsp]); },
                               [](const Arm64Context& c) { return Address(c.sp); }},
                    context);
}

std::vector<NamedRegister> named_registers(const ThreadContext& context) {
  return std::visit(Overloaded{[](std::monostate) { return std::vector<NamedRegister>(); },
                               [](const auto& c) { return names_of(c); }},
                    context);
}

std::string_view Module::name() const noexcept {
  return windows_file_name(path);
}

std::string Module::code_id() const {
  return fmt::format("{:08X}{:x}", timestamp, size);
}

const Thread* find_thread(const Snapshot& snapshot, ThreadId id) noexcept {
  const auto found = std::ranges::find(snapshot.threads, id, &Thread::id);
  return found == snapshot.threads.end() ? nullptr : &*found;
}

// Modules overlap in damaged dumps only, but there any number of them may: the map is cut into
// pieces that do not overlap, each with the smallest module over it, so that a lookup stays one
// binary search.
ModuleMap::ModuleMap(const std::vector<Module>& modules) {
  struct Edge {
    std::uint64_t address;
    std::uint64_t size;
    std::size_t index;
    bool begins;
  };
  std::vector<Edge> edges;
  edges.reserve(2 * modules.size());
  for (std::size_t i = 0; i < modules.size(); ++i) {
    const auto [base, size] = modules[i].range();
    if (size == 0) continue;
    constexpr auto kLast = std::numeric_limits<std::uint64_t>::max();
    edges.push_back({base, size, i, true});
    edges.push_back({size > kLast - base ? kLast : base + size, size, i, false});
  }
  std::ranges::sort(edges, {}, &Edge::address);

  std::set<std::pair<std::uint64_t, std::size_t>> open;  // size and index; the first one wins
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const auto& edge = edges[i];
    if (edge.begins) {
      open.emplace(edge.size, edge.index);
    } else {
      open.erase({edge.size, edge.index});
    }
    if (open.empty() || i + 1 == edges.size() || edges[i + 1].address == edge.address) continue;
    entries_.push_back({edge.address, edges[i + 1].address, open.begin()->second});
  }
}

std::optional<std::size_t> ModuleMap::find(std::uint64_t address) const noexcept {
  const auto behind = std::ranges::upper_bound(entries_, address, {}, &Entry::base);
  if (behind == entries_.begin()) return std::nullopt;
  const auto& entry = *std::prev(behind);
  return address < entry.end ? std::optional(entry.index) : std::nullopt;
}

}  // namespace vigil::snapshot
