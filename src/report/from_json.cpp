// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/utf.h"
#include "report/fields.h"

namespace vigil::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxDepth = 16;
/// All values of a report of kMaxFrames frames; keeps what the parser allocates within about 100
/// MiB.
constexpr std::size_t kMaxValues = 600'000;
/// Keys of one object are looked up one after the other.
constexpr std::size_t kMaxKeys = 128;

/// Goes through the text before anything is allocated for it, and stops at the first limit or
/// fault.
class Gate final : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return value(); }
  bool boolean(bool) override { return value(); }
  bool number_integer(number_integer_t) override { return value(); }
  bool number_unsigned(number_unsigned_t) override { return value(); }
  bool number_float(number_float_t, const string_t&) override { return value(); }
  bool string(string_t&) override { return value(); }
  bool binary(binary_t&) override { return value(); }
  bool start_object(std::size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_array() override { return close(); }
  bool key(string_t&) override {
    if (++keys_[depth_ - 1] <= kMaxKeys) return true;
    return refuse(Errc::LimitExceeded, fmt::format("an object of more than {} keys", kMaxKeys));
  }
  bool parse_error(std::size_t position,
                   const std::string&,
                   const nlohmann::detail::exception&) override {
    return refuse(Errc::Malformed, fmt::format("no JSON at byte {}", position));
  }

  [[nodiscard]] std::optional<Error> take_error() && { return std::move(error_); }

 private:
  bool refuse(Errc code, std::string message) {
    error_ = Error{code, "report: " + std::move(message)};
    return false;
  }
  bool value() {
    if (++values_ <= kMaxValues) return true;
    return refuse(Errc::LimitExceeded, fmt::format("more than {} values", kMaxValues));
  }
  bool open() {
    if (depth_ == kMaxDepth) {
      return refuse(Errc::LimitExceeded, fmt::format("nested more than {} deep", kMaxDepth));
    }
    keys_[depth_++] = 0;
    return value();
  }
  bool close() {
    --depth_;
    return true;
  }

  std::optional<Error> error_;
  std::array<std::size_t, kMaxDepth> keys_{};
  std::size_t depth_ = 0;
  std::size_t values_ = 0;
};

std::optional<std::uint64_t> parse_hex(const std::string& text) {
  constexpr std::size_t kPrefix = 2, kMaxDigits = 16;
  if (!text.starts_with("0x") || text.size() == kPrefix || text.size() > kPrefix + kMaxDigits) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto result = std::from_chars(text.data() + kPrefix, end, value, 16);
  return result.ec == std::errc() && result.ptr == end ? std::optional(value) : std::nullopt;
}

/// The digits of \p text at \p position, and nothing but digits.
std::optional<int> parse_digits(std::string_view text, std::size_t position, std::size_t count) {
  int value = 0;
  for (const char c : text.substr(position, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

/// `2026-11-21T03:04:05.678Z` and nothing else: what format_utc() writes.
std::optional<Timestamp> parse_utc(std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00T00:00:00.000Z";
  if (text.size() != kShape.size()) return std::nullopt;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    if (kShape[i] != '0' && text[i] != kShape[i]) return std::nullopt;
  }
  const auto year = parse_digits(text, 0, 4), month = parse_digits(text, 5, 2),
             day = parse_digits(text, 8, 2);
  const auto hour = parse_digits(text, 11, 2), minute = parse_digits(text, 14, 2);
  const auto second = parse_digits(text, 17, 2), millisecond = parse_digits(text, 20, 3);
  if (!year || !month || !day || !hour || !minute || !second || !millisecond) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  const auto at = std::chrono::sys_days(date) + std::chrono::hours(*hour) +
                  std::chrono::minutes(*minute) + std::chrono::seconds(*second) +
                  std::chrono::milliseconds(*millisecond);
  return Timestamp{std::chrono::duration_cast<Microseconds>(at.time_since_epoch()).count()};
}

/// The archive that reads one object. The first fault is kept in the error that all readers of a
/// report share; after it nothing more is read.
class Reader {
 public:
  Reader(const Json& json, std::string where, std::optional<Error>& error)
      : json_(json), where_(std::move(where)), error_(error) {}

  void text(const char* key, std::string& value) {
    const auto* found = find(key);
    if (found == nullptr) return;
    if (!found->is_string()) return refuse(key, "a string");
    value = printable_utf8(found->get_ref<const std::string&>());
  }
  void texts(const char* key, std::vector<std::string>& values) {
    each(key, kMaxTexts, [&](const Json& item, const std::string& name) {
      if (!item.is_string()) return refuse(name, "a string");
      values.push_back(printable_utf8(item.get_ref<const std::string&>()));
    });
  }
  template <class Int>
  void number(const char* key, Int& value, bool /*when*/ = true) {
    const auto* found = find(key);
    if (found == nullptr) return;
    const bool fits =
        found->is_number_unsigned() && std::in_range<Int>(found->get<std::uint64_t>());
    if (!fits)
      return refuse(key, fmt::format("a whole number up to {}", std::numeric_limits<Int>::max()));
    value = static_cast<Int>(found->get<std::uint64_t>());
  }
  template <class Int>
  void number(const char* key, std::optional<Int>& value) {
    if (find(key) != nullptr) number(key, value.emplace());
  }
  void flag(const char* key, bool& value) {
    const auto* found = find(key);
    if (found == nullptr) return;
    if (!found->is_boolean()) return refuse(key, "true or false");
    value = found->get<bool>();
  }
  void flag(const char* key, std::optional<bool>& value) {
    if (find(key) != nullptr) flag(key, value.emplace());
  }
  void code(const char* key, std::uint32_t& value) {
    std::uint64_t wide = value;
    address(key, wide);
    if (!std::in_range<std::uint32_t>(wide)) return refuse(key, "a code of 8 hex digits");
    value = static_cast<std::uint32_t>(wide);
  }
  void code(const char* key, std::optional<std::uint32_t>& value) {
    if (find(key) != nullptr) code(key, value.emplace());
  }
  void address(const char* key, std::uint64_t& value, bool /*when*/ = true) {
    if (const auto* found = find(key)) read_address(*found, key, value);
  }
  void address(const char* key, std::optional<std::uint64_t>& value) {
    if (const auto* found = find(key)) read_address(*found, key, value.emplace());
  }
  void addresses(const char* key, std::vector<std::uint64_t>& values) {
    each(key, kMaxTexts, [&](const Json& item, const std::string& name) {
      read_address(item, name, values.emplace_back());
    });
  }
  void numbers(const char* key, std::vector<std::uint32_t>& values, std::size_t limit) {
    each(key, limit, [&](const Json& item, const std::string& name) {
      const bool fits =
          item.is_number_unsigned() && std::in_range<std::uint32_t>(item.get<std::uint64_t>());
      if (!fits) return refuse(name, "a whole number of 32 bits");
      values.push_back(item.get<std::uint32_t>());
    });
  }
  void registers(const char* key, std::vector<std::pair<std::string, std::uint64_t>>& values) {
    const auto* found = find(key);
    if (found == nullptr) return;
    if (!found->is_object()) return refuse(key, "an object");
    if (found->size() > kMaxRegisters) return refuse_count(key, found->size(), kMaxRegisters);
    for (const auto& [name, item] : found->items()) {
      auto& added = values.emplace_back(printable_utf8(name), 0);
      read_address(item, fmt::format("{}.{}", key, added.first), added.second);
    }
  }
  void index(const char* key, std::optional<std::size_t>& value) {
    if (find(key) != nullptr) number(key, value.emplace());
  }
  void time(const char* key, Timestamp& value) {
    const auto* found = find(key);
    if (found == nullptr) return;
    const auto parsed =
        found->is_string() ? parse_utc(found->get_ref<const std::string&>()) : std::nullopt;
    if (!parsed) return refuse(key, "a time like 2026-11-21T03:04:05.678Z");
    value = *parsed;
  }
  void time(const char* key, std::optional<Timestamp>& value) {
    if (find(key) != nullptr) time(key, value.emplace());
  }
  void seconds(const char* key, std::optional<Microseconds>& value) {
    std::uint32_t whole = 0;
    number(key, whole);
    if (find(key) != nullptr) value = std::chrono::seconds(whole);
  }
  template <class T>
  void object(const char* key, T& value, bool /*when*/ = true) {
    const auto* found = find(key);
    if (found != nullptr) read_object(*found, key, value);
  }
  template <class T>
  void object(const char* key, std::optional<T>& value) {
    const auto* found = find(key);
    if (found != nullptr) read_object(*found, key, value.emplace());
  }
  template <class T>
  void list(const char* key, std::vector<T>& values, std::size_t limit, bool /*when*/ = true) {
    each(key, limit, [&](const Json& item, const std::string& name) {
      read_object(item, name, values.emplace_back());
    });
  }
  template <class Fields>
  void group(const char* key, const Fields& fields) {
    const auto* found = find(key);
    if (found == nullptr) return;
    if (!found->is_object()) return refuse(key, "an object");
    Reader inner(*found, where_ + key + ".", error_);
    fields(inner);
  }

  void derived(const char*, auto) {}
  void derived_address(const char*, std::uint64_t) {}
  void derived_file_name(const char*, const std::string&) {}
  void derived_main_module(const char*, const std::vector<Module>&) {}
  void derived_link_time(const char*, const Module&) {}
  void derived_position(const char*) {}
  void derived_crashing_index(const char*) {}
  void derived_crashing_thread(const char*) {}

 private:
  /// The value of \p key; nullptr when it is missing or null, or after a fault.
  [[nodiscard]] const Json* find(const char* key) const {
    if (error_) return nullptr;
    const auto found = json_.find(key);
    return found == json_.end() || found->is_null() ? nullptr : &*found;
  }
  void refuse(const std::string& key, const std::string& expected) {
    if (!error_)
      error_ = Error{Errc::Malformed, fmt::format("report: {}{} is not {}", where_, key, expected)};
  }
  void refuse_count(const char* key, std::size_t count, std::size_t limit) {
    if (error_) return;
    error_ = Error{
        Errc::LimitExceeded,
        fmt::format("report: {}{} has {} items, and the limit is {}", where_, key, count, limit)};
  }
  template <class Function>
  void each(const char* key, std::size_t limit, const Function& function) {
    const auto* found = find(key);
    if (found == nullptr) return;
    if (!found->is_array()) return refuse(key, "an array");
    if (found->size() > limit) return refuse_count(key, found->size(), limit);
    for (std::size_t i = 0; i < found->size() && !error_; ++i) {
      function((*found)[i], fmt::format("{}[{}]", key, i));
    }
  }
  void read_address(const Json& json, const std::string& key, std::uint64_t& value) {
    const auto parsed =
        json.is_string() ? parse_hex(json.get_ref<const std::string&>()) : std::nullopt;
    if (!parsed) return refuse(key, "a string of 0x and up to 16 hex digits");
    value = *parsed;
  }
  template <class T>
  void read_object(const Json& json, const std::string& key, T& value) {
    if (!json.is_object()) return refuse(key, "an object");
    Reader inner(json, where_ + key + ".", error_);
    describe(inner, value);
  }

  const Json& json_;
  std::string where_;
  std::optional<Error>& error_;
};

bool is_whole(const FlightRecord& record) {
  const auto count = record.ms_before.size();
  const std::vector<std::uint32_t>* const columns[] = {
      &record.cpu_ppm,           &record.private_kib, &record.working_set_kib,
      &record.io_kib_per_second, &record.handles,     &record.threads};
  return std::ranges::all_of(columns, [=](const auto* column) { return column->size() == count; });
}

/// What no single key shows: indices that point nowhere, too many frames in all.
std::optional<Error> check_whole(const Report& report) {
  std::size_t frames = 0;
  for (const auto& thread : report.threads) frames += thread.frames.size();
  if (frames > kMaxFrames) {
    return Error{
        Errc::LimitExceeded,
        fmt::format("report: threads have {} frames, and the limit is {}", frames, kMaxFrames)};
  }
  if (report.blamed_thread && *report.blamed_thread >= report.threads.size()) {
    return Error{Errc::Malformed, "report: blamed_thread is not an index of threads"};
  }
  if (report.blamed_frame &&
      (!report.blamed_thread ||
       *report.blamed_frame >= report.threads[*report.blamed_thread].frames.size())) {
    return Error{Errc::Malformed,
                 "report: blamed_frame is not an index of the blamed thread's frames"};
  }
  if (report.circumstances && !is_whole(report.circumstances->record)) {
    return Error{Errc::Malformed,
                 "report: the columns of circumstances.flight_recorder are not equally long"};
  }
  return std::nullopt;
}

Result<Report> parse(std::string_view text) {
  Gate gate;
  if (!Json::sax_parse(text, &gate)) {
    auto error = std::move(gate).take_error();
    return error ? *std::move(error) : Error{Errc::Malformed, "report: no JSON"};
  }
  const auto json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return Error{Errc::Malformed, "report: not a JSON object"};
  Report report;
  std::optional<Error> error;
  Reader reader(json, "", error);
  describe(reader, report);
  if (!error) error = check_whole(report);
  if (error) return *std::move(error);
  return report;
}

}  // namespace

Result<Report> from_json(std::string_view json) {
  if (json.size() > kMaxJsonBytes) {
    return Error{Errc::LimitExceeded,
                 fmt::format("report: {} bytes, and the limit is {}", json.size(), kMaxJsonBytes)};
  }
  try {
    return parse(json);
  } catch (const std::bad_alloc&) {
    return Error{Errc::LimitExceeded, "report: not enough memory to read it"};
  } catch (const nlohmann::json::exception& e) {
    return Error{Errc::Malformed, fmt::format("report: {}", e.what())};
  }
}

}  // namespace vigil::report
