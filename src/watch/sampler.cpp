// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <limits>

#include "watch/watch.h"

namespace vigil::watch {
namespace {

constexpr std::uint32_t kMaxU32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kKiB = 1024;
constexpr std::int64_t kMillion = 1'000'000;
/// How many looks apart the ended processes are looked for that need not be kept any more.
constexpr std::uint64_t kSweepEvery = 16;

std::uint32_t capped(std::uint64_t value) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, kMaxU32));
}

std::uint32_t in_kib(std::uint64_t bytes) {
  return capped(bytes / kKiB);
}

/// A reading in 24 bytes.
struct Packed {
  std::uint32_t cpu_ppm, handles, threads, private_kib, working_set_kib, io_kib_per_second;

  explicit Packed(const Reading& reading)
      : cpu_ppm(reading.cpu_ppm),
        handles(reading.handles),
        threads(reading.threads),
        private_kib(in_kib(reading.private_bytes)),
        working_set_kib(in_kib(reading.working_set)),
        io_kib_per_second(in_kib(reading.io_per_second)) {}
  Packed() : Packed(Reading{}) {}

  [[nodiscard]] Reading unpacked() const {
    return {.cpu_ppm = cpu_ppm,
            .handles = handles,
            .threads = threads,
            .private_bytes = private_kib * kKiB,
            .working_set = working_set_kib * kKiB,
            .io_per_second = io_kib_per_second * kKiB};
  }
};

using Ring = std::array<Packed, Sampler::kSamples>;

struct Record {
  Counters last;
  std::uint64_t first = 0;     ///< The tick of its first sample.
  std::uint64_t last_row = 0;  ///< The tick that it was last in the table at.
  Reading reading;
  std::unique_ptr<Ring> ring;  ///< By tick; null: no sample yet.
};

struct KeyHash {
  [[nodiscard]] std::size_t operator()(const ProcessKey& key) const noexcept {
    return PidHash()(key.pid) ^ static_cast<std::size_t>(key.start.us);
  }
};

/// Counters that went down are those of no process: nothing is read from them.
Reading reading_of(const Counters& before, const Counters& now, Microseconds time) {
  Reading reading;
  const auto cpu = std::max(now.cpu - before.cpu, Microseconds(0)).count();
  reading.cpu_ppm = capped(static_cast<std::uint64_t>(
      cpu / time.count() * kMillion + cpu % time.count() * kMillion / time.count()));
  const auto bytes = now.io_bytes > before.io_bytes ? now.io_bytes - before.io_bytes : 0;
  const auto milliseconds = static_cast<std::uint64_t>(time.count() / 1000);
  reading.io_per_second = bytes / std::max<std::uint64_t>(milliseconds, 1) * 1000;
  reading.handles = now.handles;
  reading.threads = now.threads;
  reading.service_overdue_ms = now.service_overdue_ms;
  reading.window_hung_ms = now.window_hung_ms;
  reading.stalled = now.cpu == before.cpu && now.io_bytes == before.io_bytes &&
                    now.context_switches == before.context_switches;
  reading.private_bytes = now.private_bytes;
  reading.working_set = now.working_set;
  return reading;
}

}  // namespace

class Sampler::Impl {
 public:
  bool look(const Moment& now, std::span<const TableRow> table) {
    const auto time = now.uptime - last_look_.value_or(now.uptime);
    const bool counts = time > Microseconds(0) && time <= kMaxGap;
    interval_ = counts ? time : Microseconds(0);
    last_look_ = now.uptime;
    ++tick_;
    times_[tick_ % kSamples] = now.at;
    for (const auto& row : table) take(row, interval_);
    if (tick_ % kSweepEvery == 0) sweep(kSamples);
    return counts;
  }

  [[nodiscard]] const Record* find(const ProcessKey& process) const {
    const auto found = records_.find(process);
    return found == records_.end() ? nullptr : &found->second;
  }

  [[nodiscard]] const Reading* reading(const ProcessKey& process) const {
    const auto* record = find(process);
    const bool fresh = record != nullptr && record->ring != nullptr && record->last_row == tick_;
    return fresh && record->first <= tick_ ? &record->reading : nullptr;
  }

  [[nodiscard]] std::vector<Sample> samples(const ProcessKey& process) const {
    std::vector<Sample> result;
    const auto* record = find(process);
    if (record == nullptr || record->ring == nullptr) return result;
    const auto oldest = tick_ >= kSamples ? tick_ - kSamples + 1 : 0;
    for (auto tick = std::max(record->first, oldest); tick <= record->last_row; ++tick)
      result.push_back({times_[tick % kSamples], (*record->ring)[tick % kSamples].unpacked()});
    return result;
  }

  [[nodiscard]] std::size_t size() const noexcept { return records_.size(); }
  [[nodiscard]] Microseconds interval() const noexcept { return interval_; }

 private:
  /// \p time zero: nobody knows what was since the last look.
  void take(const TableRow& row, Microseconds time) {
    auto found = records_.find(row.key);
    if (found == records_.end()) {
      if (records_.size() >= kMaxProcesses) sweep(1);
      if (records_.size() >= kMaxProcesses) return;
      found = records_.try_emplace(row.key).first;
      time = Microseconds(0);
    }
    auto& record = found->second;
    const auto before = std::exchange(record.last, row.counters);
    record.last_row = tick_;
    if (time == Microseconds(0)) {
      record.first =
          tick_ + 1;  // what was recorded before a gap is not shown as if there were none
      return;
    }
    if (record.ring == nullptr) record.ring = std::make_unique<Ring>();
    record.reading = reading_of(before, row.counters, time);
    (*record.ring)[tick_ % kSamples] = Packed(record.reading);
  }

  /// Forgets who was not in the table for so many looks.
  void sweep(std::uint64_t looks) {
    std::erase_if(records_,
                  [&](const auto& pair) { return pair.second.last_row + looks <= tick_; });
  }

  std::unordered_map<ProcessKey, Record, KeyHash> records_;
  std::array<Timestamp, kSamples> times_{};
  std::optional<Microseconds> last_look_;
  Microseconds interval_{};
  std::uint64_t tick_ = 0;
};

Sampler::Sampler() : impl_(std::make_unique<Impl>()) {}
Sampler::~Sampler() = default;
bool Sampler::look(const Moment& now, std::span<const TableRow> table) {
  return impl_->look(now, table);
}
const Reading* Sampler::reading(const ProcessKey& process) const {
  return impl_->reading(process);
}
std::vector<Sample> Sampler::samples(const ProcessKey& process) const {
  return impl_->samples(process);
}
Microseconds Sampler::interval() const noexcept {
  return impl_->interval();
}
std::size_t Sampler::size() const noexcept {
  return impl_->size();
}

}  // namespace vigil::watch
