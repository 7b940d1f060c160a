// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/utf.h"
#include "report/fields.h"

namespace vigil::report {
namespace {

using Json = nlohmann::ordered_json;

std::string hex_address(std::uint64_t value) {
  return fmt::format("{:#018x}", value);
}

/// The archive that writes. What is unknown is left out; the `when` of a method says what is known.
class Writer {
 public:
  void text(const char* key, const std::string& value) {
    if (!value.empty()) json_[key] = value;
  }
  void texts(const char* key, const std::vector<std::string>& values) {
    if (!values.empty()) json_[key] = values;
  }
  template <class Int>
  void number(const char* key, Int value, bool when = true) {
    if (when) json_[key] = value;
  }
  void code(const char* key, std::uint32_t value) { json_[key] = fmt::format("{:#010x}", value); }
  void code(const char* key, const std::optional<std::uint32_t>& value) {
    if (value) code(key, *value);
  }
  void address(const char* key, std::uint64_t value, bool when = true) {
    if (when) json_[key] = hex_address(value);
  }
  void address(const char* key, const std::optional<std::uint64_t>& value) {
    if (value) json_[key] = hex_address(*value);
  }
  void addresses(const char* key, const std::vector<std::uint64_t>& values) {
    if (values.empty()) return;
    auto& array = json_[key] = Json::array();
    std::transform(values.begin(), values.end(), std::back_inserter(array), hex_address);
  }
  void registers(const char* key,
                 const std::vector<std::pair<std::string, std::uint64_t>>& values) {
    if (!values.empty()) json_[key] = register_object(values);
  }
  void index(const char* key, const std::optional<std::size_t>& value) {
    if (value) json_[key] = *value;
  }
  void time(const char* key, Timestamp value) {
    if (value != Timestamp{}) json_[key] = format_utc(value);
  }
  void time(const char* key, const std::optional<Timestamp>& value) {
    if (value) json_[key] = format_utc(*value);
  }
  void seconds(const char* key, const std::optional<Microseconds>& value) {
    if (!value) return;
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(*value).count();
    json_[key] = std::max<std::int64_t>(whole, 0);
  }
  template <class T>
  void object(const char* key, const T& value, bool when = true) {
    if (when) json_[key] = to_object(value);
  }
  template <class T>
  void object(const char* key, const std::optional<T>& value) {
    if (value) json_[key] = to_object(*value);
  }
  template <class T>
  void list(const char* key, const std::vector<T>& values, std::size_t /*limit*/) {
    auto& array = json_[key] = Json::array();
    for (const auto& value : values) array.push_back(to_object(value));
  }
  template <class Fields>
  void group(const char* key, const Fields& fields) {
    Writer inner;
    fields(inner);
    json_[key] = std::move(inner).take();
  }

  void derived(const char* key, auto value) { json_[key] = value; }
  void derived_address(const char* key, std::uint64_t value) { json_[key] = hex_address(value); }
  void derived_file_name(const char* key, const std::string& path) {
    text(key, std::string(windows_file_name(path)));
  }
  void derived_main_module(const char* key, const std::vector<Module>& modules) {
    if (!modules.empty()) json_[key] = 0;
  }
  /// The crashed thread once more, with the registers in its first frame, and its index in
  /// crash_info.
  void derived_crashing_thread(const char* key, const Report& report) {
    if (!report.crash) return;
    const auto id = report.crash->thread_id;
    const auto found = std::find_if(report.threads.begin(), report.threads.end(),
                                    [id](const Thread& thread) { return thread.thread_id == id; });
    if (found == report.threads.end()) return;
    const auto index = std::distance(report.threads.begin(), found);
    auto& thread = json_[key] = to_object(*found);
    thread["threads_index"] = index;
    if (!found->frames.empty() && !found->registers.empty()) {
      thread["frames"][0]["registers"] = register_object(found->registers);
    }
    thread.erase("registers");
    json_["crash_info"]["crashing_thread"] = index;
  }

  [[nodiscard]] Json take() && { return std::move(json_); }

  template <class T>
  static Json to_object(const T& value) {
    Writer writer;
    describe(writer, value);
    return std::move(writer).take();
  }

 private:
  static Json register_object(const std::vector<std::pair<std::string, std::uint64_t>>& values) {
    Json object = Json::object();
    for (const auto& [name, value] : values) object[name] = hex_address(value);
    return object;
  }

  Json json_ = Json::object();
};

/// rust-minidump numbers the frames of each thread; an index needs its list, so it is added here.
void number_frames(Json& thread) {
  std::size_t index = 0;
  for (auto& frame : thread["frames"]) frame["frame"] = index++;
}

}  // namespace

std::string to_json(const Report& report, bool pretty) {
  constexpr int kIndent = 2;
  Json json = Writer::to_object(report);
  for (auto& thread : json["threads"]) number_frames(thread);
  if (json.contains("crashing_thread")) number_frames(json["crashing_thread"]);
  return json.dump(pretty ? kIndent : -1, ' ', true, Json::error_handler_t::replace);
}

}  // namespace vigil::report
