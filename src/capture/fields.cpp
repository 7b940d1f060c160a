// SPDX-License-Identifier: Apache-2.0
#include "capture/fields.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/utf.h"
#include "capture/capture.h"

namespace vigil::capture {
namespace {

constexpr std::uint64_t kMaxTimeUs = 253'402'300'799'999'999;  // The end of the year 9999.
constexpr std::size_t kMaxFileName = 255;                      // NTFS and ext4 agree on it.

bool ends_with_ignoring_case(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() &&
         ascii_lower(text.substr(text.size() - suffix.size())) == suffix;
}

/// Whether Windows takes \p text for a device, whatever its extension: `nul.dmp` is no file.
bool is_device_name(std::string_view text) {
  static constexpr std::array<std::string_view, 6> kDevices = {"con", "prn",    "aux",
                                                               "nul", "conin$", "conout$"};
  const auto stem = ascii_lower(text.substr(0, text.find('.')));
  if (std::ranges::find(kDevices, stem) != kDevices.end()) return true;
  const bool numbered = stem.size() == 4 && stem[3] >= '0' && stem[3] <= '9';
  return numbered && (stem.starts_with("com") || stem.starts_with("lpt"));
}

}  // namespace

Result<Json> parse_object(std::string_view text, std::string_view what) {
  if (text.size() > kMaxEventBytes) {
    return Error{Errc::LimitExceeded, fmt::format("{}: {} bytes, and the limit is {}", what,
                                                  text.size(), kMaxEventBytes)};
  }
  std::vector<std::set<std::string>> open_objects;
  std::string repeated;
  const auto watch_names = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) {
      open_objects.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      open_objects.pop_back();
    } else if (event == Json::parse_event_t::key) {
      const auto name = parsed.get<std::string>();
      if (!open_objects.back().insert(name).second) repeated = name;
    }
    return true;
  };
  auto value = Json::parse(text.begin(), text.end(), watch_names, /*allow_exceptions=*/false);
  if (value.is_discarded()) return Error{Errc::Malformed, fmt::format("{}: is not JSON", what)};
  if (!value.is_object())
    return Error{Errc::Malformed, fmt::format("{}: is not a JSON object", what)};
  if (!repeated.empty()) {
    return Error{Errc::Malformed, fmt::format("{}: has '{}' twice", what, printable(repeated, 64))};
  }
  return value;
}

std::string dump_json(const Json& value) {
  return value.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

std::string printable(std::string_view text, std::size_t limit) {
  auto clean = printable_utf8(text);
  if (clean.size() <= limit) return clean;
  const auto continues = [&](std::size_t i) {
    return (static_cast<unsigned char>(clean[i]) & 0xc0) == 0x80;
  };
  while (limit > 0 && continues(limit)) --limit;
  clean.resize(limit);
  return clean;
}

bool is_plain_dump_name(std::string_view text) noexcept {
  if (text.empty() || text.size() > kMaxFileName || text.front() == '.') return false;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
    if (std::string_view("<>:\"/\\|?*").find(c) != std::string_view::npos) return false;
  }
  if (!ends_with_ignoring_case(text, ".dmp") && !ends_with_ignoring_case(text, ".dmp.zst"))
    return false;
  return !is_device_name(text);
}

FieldReader::FieldReader(const Json& object, std::string where)
    : object_(object), where_(std::move(where)) {
  if (!object_.is_object()) error_ = Error{Errc::Malformed, where_ + ": is not a JSON object"};
}

void FieldReader::fail(const char* name, std::string what) {
  if (!error_) error_ = Error{Errc::Malformed, fmt::format("{}: {}: {}", where_, name, what)};
}

const Json* FieldReader::find(const char* name) {
  if (error_) return nullptr;
  const auto found = object_.find(name);
  if (found == object_.end()) return nullptr;
  seen_.insert(name);
  return &*found;
}

void FieldReader::text(const char* name, std::string& out, std::size_t limit) {
  const auto* value = find(name);
  if (value == nullptr) return;
  const auto* found = value->get_ptr<const std::string*>();
  if (found == nullptr) return fail(name, "is not text");
  if (found->size() > limit) {
    return fail(name, fmt::format("{} bytes, and the limit is {}", found->size(), limit));
  }
  if (printable_utf8(*found) != *found) return fail(name, "holds control characters or no UTF-8");
  out = *found;
}

void FieldReader::flag(const char* name, bool& out) {
  const auto* value = find(name);
  if (value == nullptr) return;
  if (!value->is_boolean()) return fail(name, "is neither true nor false");
  out = value->get<bool>();
}

std::optional<std::uint64_t> FieldReader::unsigned_number(const char* name, std::uint64_t max) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number_unsigned()) {
    fail(name, "is not a whole number from 0 on");
    return std::nullopt;
  }
  const auto number = value->get<std::uint64_t>();
  if (number > max) {
    fail(name, fmt::format("{} is more than {}", number, max));
    return std::nullopt;
  }
  return number;
}

void FieldReader::number(const char* name, std::uint32_t& out) {
  if (const auto value = unsigned_number(name, std::numeric_limits<std::uint32_t>::max())) {
    out = static_cast<std::uint32_t>(*value);
  }
}

void FieldReader::number(const char* name, std::optional<std::uint32_t>& out) {
  std::uint32_t value = 0;
  number(name, value);
  if (!error_ && seen(name)) out = value;
}

void FieldReader::time(const char* name, Timestamp& out) {
  if (const auto value = unsigned_number(name, kMaxTimeUs))
    out.us = static_cast<std::int64_t>(*value);
}

void FieldReader::time(const char* name, std::optional<Timestamp>& out) {
  Timestamp value;
  time(name, value);
  if (!error_ && seen(name)) out = value;
}

void FieldReader::object(const char* name, const std::function<Status(const Json&)>& read) {
  const auto* value = find(name);
  if (value == nullptr) return;
  if (auto status = read(*value); !status.ok()) error_ = std::move(status).take_error();
}

void FieldReader::require(const char* name) {
  if (!error_ && !seen(name)) fail(name, "is missing");
}

Status FieldReader::finish() {
  if (error_) return *error_;
  for (const auto& [name, value] : object_.items()) {
    if (!seen_.contains(name)) {
      return Error{Errc::Malformed,
                   fmt::format("{}: '{}' is not a known name", where_, printable(name, 64))};
    }
  }
  return {};
}

}  // namespace vigil::capture
