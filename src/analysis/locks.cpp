// SPDX-License-Identifier: Apache-2.0
#include "analysis/locks.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "base/utf.h"

namespace vigil::analysis {
namespace {

/// What bounds the search in a dump of thousands of threads.
constexpr std::size_t kMaxWaitingThreads = report::kMaxLocks;
/// A wait puts the lock's address on the stack in its first frames.
constexpr std::uint64_t kStackBytes = 4096;
constexpr std::size_t kFramesToSearch = 8;
/// Of a lock that is entered again and again without being left; more is no count.
constexpr std::int32_t kMaxRecursion = 0xffff;

constexpr std::array<std::string_view, 6> kWaits = {
    "RtlEnterCriticalSection",    "RtlpEnterCriticalSectionContended",  "RtlpWaitOnCriticalSection",
    "RtlpWaitForCriticalSection", "RtlpEnterCriticalSectionContended2", "EnterCriticalSection"};

bool waits_for_critical_section(const report::Thread& thread) {
  const auto count = std::min(thread.frames.size(), kFramesToSearch);
  return std::any_of(
      thread.frames.begin(), thread.frames.begin() + static_cast<std::ptrdiff_t>(count),
      [](const report::Frame& frame) {
        return std::find(kWaits.begin(), kWaits.end(), frame.function) != kWaits.end();
      });
}

/// Where RTL_CRITICAL_SECTION and the ways to the loader lock have their fields.
struct Layout {
  std::uint64_t pointer_size, lock_count, recursion, owner, end;
  std::uint64_t teb_peb, peb_loader_lock;
};
constexpr Layout kWide = {8, 0x08, 0x0c, 0x10, 0x28, 0x60, 0x110};
constexpr Layout kNarrow = {4, 0x04, 0x08, 0x0c, 0x18, 0x30, 0xa0};

class LockFinder {
 public:
  explicit LockFinder(const Input& input)
      : input_(input), layout_(input.snapshot.system.cpu == snapshot::Cpu::X86 ? kNarrow : kWide) {
    for (const auto& thread : input.threads) threads_.insert(thread.thread_id);
  }

  LockState find() {
    LockState state;
    std::size_t looked_at = 0;
    for (const auto& thread : input_.threads) {
      if (!waits_for_critical_section(thread)) continue;
      if (++looked_at > kMaxWaitingThreads) {
        state.cut = true;
        break;
      }
      if (const auto address = find_lock_of(thread))
        locks_[*address]->waiters.push_back(thread.thread_id);
    }
    for (const auto& [address, lock] : locks_) {
      if (lock && !lock->waiters.empty()) state.locks.push_back(*lock);
    }
    name_loader_lock(state.locks);
    return state;
  }

 private:
  /// The pointer at \p offset of captured bytes.
  [[nodiscard]] std::optional<std::uint64_t> pointer(ByteView bytes, std::uint64_t offset) const {
    if (layout_.pointer_size == kWide.pointer_size) {
      const auto value = bytes.read<std::uint64_t>(offset);
      return value.ok() ? std::optional<std::uint64_t>(*value) : std::nullopt;
    }
    const auto value = bytes.read<std::uint32_t>(offset);
    return value.ok() ? std::optional<std::uint64_t>(*value) : std::nullopt;
  }

  std::optional<std::uint64_t> pointer_at(std::uint64_t address) {
    return pointer(input_.memory.at(address, layout_.pointer_size), 0);
  }

  /// Somebody waits: since Windows Vista bit 0 is clear while it is locked and the waiters are
  /// counted down from bit 2 on; before, and on Wine, the count goes up from 0.
  static bool is_contended(std::int32_t lock_count) {
    constexpr std::int32_t kMaxWaiters = 0xffff;
    if (lock_count >= 0) return lock_count > 0 && lock_count <= kMaxWaiters;
    const auto waiters = (-1 - lock_count) >> 2;
    return (lock_count & 1) == 0 && waiters > 0 && waiters <= kMaxWaiters;
  }

  /// What lies at \p address, when it can be nothing but a critical section with an owner and
  /// waiters.
  std::optional<report::Lock> read_lock(std::uint64_t address) {
    const auto bytes = input_.memory.at(address, layout_.end);
    const auto lock_count = bytes.read<std::int32_t>(layout_.lock_count);
    const auto recursion = bytes.read<std::int32_t>(layout_.recursion);
    const auto owner = pointer(bytes, layout_.owner);
    if (bytes.size() < layout_.end || !lock_count.ok() || !recursion.ok() || !owner)
      return std::nullopt;
    if (*recursion < 1 || *recursion > kMaxRecursion || !is_contended(*lock_count))
      return std::nullopt;
    if (*owner > 0xffff'ffff || !threads_.contains(static_cast<std::uint32_t>(*owner)))
      return std::nullopt;
    report::Lock lock;
    lock.address = address;
    lock.kind = "critical_section";
    lock.owner = static_cast<std::uint32_t>(*owner);
    lock.recursion = static_cast<std::uint32_t>(*recursion);
    return lock;
  }

  /// Whether \p address is one of a lock that \p thread can wait for.
  bool is_lock(std::uint64_t address, std::uint32_t thread) {
    constexpr std::uint64_t kFirstAddress = 0x10000;
    if (address < kFirstAddress || address % layout_.pointer_size != 0) return false;
    auto known = locks_.find(address);
    if (known == locks_.end()) known = locks_.emplace(address, read_lock(address)).first;
    return known->second && known->second->owner != thread;
  }

  std::optional<std::uint64_t> find_lock_of(const report::Thread& thread) {
    const auto* captured = snapshot::find_thread(input_.snapshot, ThreadId{thread.thread_id});
    const auto stack =
        captured == nullptr ? std::nullopt : snapshot::stack_pointer(captured->context);
    if (stack) {
      const auto bytes = input_.memory.at(*stack, kStackBytes);
      for (std::uint64_t i = 0; i + layout_.pointer_size <= bytes.size();
           i += layout_.pointer_size) {
        const auto value = pointer(bytes, i);
        if (value && is_lock(*value, thread.thread_id)) return value;
      }
    }
    for (const auto& [name, value] : thread.registers) {
      if (is_lock(value, thread.thread_id)) return value;
    }
    return std::nullopt;
  }

  void name_loader_lock(std::vector<report::Lock>& locks) {
    if (locks.empty()) return;
    const auto with_teb =
        std::find_if(input_.snapshot.threads.begin(), input_.snapshot.threads.end(),
                     [](const snapshot::Thread& thread) { return thread.teb != 0; });
    if (with_teb == input_.snapshot.threads.end()) return;
    const auto peb = pointer_at(with_teb->teb + layout_.teb_peb);
    const auto loader_lock = peb ? pointer_at(*peb + layout_.peb_loader_lock) : std::nullopt;
    if (!loader_lock) return;
    for (auto& lock : locks) {
      if (lock.address == *loader_lock) lock.name = "loader_lock";
    }
  }

  const Input& input_;
  const Layout& layout_;
  std::set<std::uint32_t> threads_;
  /// What lies at each address that was looked at.
  std::map<std::uint64_t, std::optional<report::Lock>> locks_;
};

/// The circles among \p locks: each thread waits for at most one.
std::vector<report::Deadlock> find_cycles(const std::vector<report::Thread>& threads,
                                          const std::vector<report::Lock>& locks) {
  std::map<std::uint32_t, const report::Lock*> waits_for;
  for (const auto& lock : locks) {
    for (const auto waiter : lock.waiters) waits_for[waiter] = &lock;
  }
  std::vector<report::Deadlock> result;
  std::set<std::uint32_t> done;
  for (const auto& thread : threads) {
    std::set<std::uint32_t> path;
    auto id = thread.thread_id;
    while (waits_for.contains(id) && !done.contains(id) && path.insert(id).second)
      id = waits_for[id]->owner;
    const bool circle = path.contains(id);
    if (circle) {
      auto& deadlock = result.emplace_back();
      // From the first thread in dump order that is in it; who only waits for it is not.
      for (auto member = id;;) {
        deadlock.threads.push_back(member);
        deadlock.locks.push_back(waits_for[member]->address);
        member = waits_for[member]->owner;
        if (member == id) break;
      }
    }
    done.insert(path.begin(), path.end());
  }
  return result;
}

/// Turns each circle so that it starts with its first thread in dump order.
void turn_to_first(const std::vector<report::Thread>& threads, report::Deadlock& deadlock) {
  for (const auto& thread : threads) {
    const auto at = std::find(deadlock.threads.begin(), deadlock.threads.end(), thread.thread_id);
    if (at == deadlock.threads.end()) continue;
    const auto steps = std::distance(deadlock.threads.begin(), at);
    std::rotate(deadlock.threads.begin(), at, deadlock.threads.end());
    std::rotate(deadlock.locks.begin(), deadlock.locks.begin() + steps, deadlock.locks.end());
    return;
  }
}

}  // namespace

LockState find_locks(const Input& input) {
  const bool anybody =
      std::any_of(input.threads.begin(), input.threads.end(), waits_for_critical_section);
  if (!anybody) return {};
  auto state = LockFinder(input).find();
  state.deadlocks = find_cycles(input.threads, state.locks);
  for (auto& deadlock : state.deadlocks) turn_to_first(input.threads, deadlock);
  return state;
}

std::string describe(const report::Deadlock& deadlock) {
  constexpr std::size_t kMaxNamed = 8;
  if (deadlock.threads.empty()) return {};
  auto text = fmt::format("thread {} waits for a critical section of ", deadlock.threads.front());
  const auto count = deadlock.threads.size();
  for (std::size_t i = 1; i < std::min(count, kMaxNamed); ++i)
    text += fmt::format("{}, which waits for one of ", deadlock.threads[i]);
  if (count > kMaxNamed)
    text += fmt::format("{} threads more, and the last for one of ", count - kMaxNamed);
  return text + fmt::format("{}", deadlock.threads.front());
}

std::string name_of(const report::Lock& lock) {
  if (lock.name == "loader_lock") return "the loader lock";
  return fmt::format("the critical section at {:#x}", lock.address);
}

}  // namespace vigil::analysis
