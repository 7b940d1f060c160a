// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/utf.h"
#include "watch/watch.h"

namespace vigil::watch {
namespace {

constexpr std::uint16_t kStart = 1, kStop = 2, kRundown = 15;
/// Names of images are paths; a longer one is cut.
constexpr std::uint64_t kMaxImageBytes = 2 * 1024;

/// Reads one value after the other.
class Fields {
 public:
  explicit Fields(ByteView payload) : payload_(payload) {}

  template <Raw T>
  T take() {
    const auto value = payload_.read<T>(at_);
    skip(sizeof(T));
    if (!value.ok()) whole_ = false;
    return value.ok() ? *value : T{};
  }
  void skip(std::uint64_t bytes) { at_ += bytes; }
  /// A security identifier: how many parts it has stands in its second byte.
  void skip_sid() {
    constexpr std::uint64_t kHead = 8, kPart = 4;
    const auto parts = payload_.read<std::uint8_t>(at_ + 1);
    whole_ = whole_ && parts.ok();
    skip(kHead + kPart * (parts.ok() ? *parts : 0));
  }
  [[nodiscard]] std::string utf16() const {
    const auto text = payload_.clamp(at_, kMaxImageBytes);
    std::uint64_t end = 0;
    for (auto unit = text.read<std::uint16_t>(0); unit.ok() && *unit != 0;
         unit = text.read<std::uint16_t>(end))
      end += 2;
    return printable_utf8(utf8_from_utf16_bytes(text.clamp(0, end)).text);
  }
  [[nodiscard]] std::string ansi() const {
    std::string text;
    const auto bytes = payload_.clamp(at_, kMaxImageBytes).bytes();
    for (const auto byte : bytes) {
      if (byte == std::byte{0}) break;
      text += static_cast<char>(byte);
    }
    return printable_utf8(text);
  }
  [[nodiscard]] bool whole() const noexcept { return whole_; }

 private:
  ByteView payload_;
  std::uint64_t at_ = 0;
  bool whole_ = true;
};

std::optional<ProcessEvent> start_of(Fields fields, unsigned version) {
  ProcessEvent event;
  event.key.pid = ProcessId{fields.take<std::uint32_t>()};
  if (version >= 3) fields.skip(8);  // its sequence number
  event.key.start = timestamp_from_filetime(fields.take<std::uint64_t>());
  fields.skip(4);                    // its parent
  if (version >= 3) fields.skip(8);  // the parent's sequence number
  fields.skip(4);                    // its session
  if (version >= 1) fields.skip(4);  // flags
  if (version >= 3) {
    fields.skip(8);  // how its token is elevated, and whether
    fields.skip_sid();
  }
  event.image = fields.utf16();
  return fields.whole() ? std::optional(std::move(event)) : std::nullopt;
}

std::optional<ProcessEvent> stop_of(Fields fields, unsigned version) {
  ProcessEvent event;
  event.has_ended = true;
  event.key.pid = ProcessId{fields.take<std::uint32_t>()};
  if (version >= 2) fields.skip(8);  // its sequence number
  event.key.start = timestamp_from_filetime(fields.take<std::uint64_t>());
  event.ended_at = timestamp_from_filetime(fields.take<std::uint64_t>());
  event.exit_code = fields.take<std::uint32_t>();
  fields.skip(4 + 4 + 8 + 8);                // elevation, handles, commit charge and its peak
  if (version >= 1) fields.skip(8 + 5 * 4);  // cycles, I/O, hard faults
  event.image = fields.ansi();
  return fields.whole() ? std::optional(std::move(event)) : std::nullopt;
}

}  // namespace

std::optional<ProcessEvent> parse_process_event(std::uint16_t id,
                                                std::uint8_t version,
                                                ByteView payload) {
  const Fields fields(payload);
  if (id == kStart) return start_of(fields, version);
  // A rundown's layouts are those of a start from the second on.
  if (id == kRundown) return start_of(fields, version + 2U);
  if (id == kStop) return stop_of(fields, version);
  return std::nullopt;
}

std::optional<ProcessEnd> TracedProcesses::take(const ProcessEvent& event) {
  if (!event.has_ended) {
    if (images_.emplace(event.key, event.image).second) order_.push_back(event.key);
    while (order_.size() > kMaxRemembered) {
      images_.erase(order_.front());
      order_.pop_front();
    }
    return std::nullopt;
  }
  // The event of an end has the first letters of the name only.
  std::string path, name = event.image;
  if (const auto known = images_.find(event.key); known != images_.end()) {
    path = dos_path_(known->second);
    name = windows_file_name(known->second);
    images_.erase(known);
    std::erase(order_, event.key);
  }
  return ProcessEnd{event.key, {name, path, {}}, event.exit_code, event.ended_at};
}

}  // namespace vigil::watch
