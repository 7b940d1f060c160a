// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <chrono>
#include <cstring>

#include <fmt/format.h>
#include <pugixml.hpp>

#include "eventlog/eventlog.h"

namespace vigil::eventlog {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// `2026-07-07T00:47:21.2335600Z`: always UTC, with any number of digits after the point.
std::optional<Timestamp> time_of(std::string_view text) {
  constexpr std::size_t kSeconds = std::string_view("2026-07-07T00:47:21").size();
  if (text.size() <= kSeconds || text.back() != 'Z') return std::nullopt;
  const auto field = [&](std::size_t at, std::size_t length) {
    return number_of<unsigned>(text.substr(at, length));
  };
  const auto day = parse_utc_day(text.substr(0, 10));
  const auto hour = field(11, 2), minute = field(14, 2), second = field(17, 2);
  if (!day || !hour || !minute || !second) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  auto digits = text.substr(kSeconds, text.size() - kSeconds - 1);
  std::int64_t us = 0;
  if (!digits.empty()) {
    if (digits.front() != '.') return std::nullopt;
    digits = digits.substr(1);
    for (std::size_t i = 0; i < 6; ++i) {
      const char c = i < digits.size() ? digits[i] : '0';
      if (c < '0' || c > '9') return std::nullopt;
      us = us * 10 + (c - '0');
    }
  }
  return *day + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second) + Microseconds(us);
}

Error malformed(std::string_view what) {
  return {Errc::Malformed, fmt::format("an event {}", what)};
}

Status read_values(const pugi::xml_node& data, Record& record) {
  for (const auto& child : data.children()) {
    const std::string_view name = child.name();
    if (name == "Binary") {
      record.binary = trimmed(child.text().get());
    } else if (name == "Data") {
      if (record.values.size() == kMaxValues) {
        return Error{Errc::LimitExceeded, fmt::format("an event has over {} values", kMaxValues)};
      }
      record.values.emplace_back(trimmed(child.text().get()));
    }
  }
  return {};
}

}  // namespace

Result<Record> parse_record(std::string_view xml) {
  if (xml.size() > kMaxEventBytes) {
    return Error{Errc::LimitExceeded, fmt::format("an event has {} bytes, over the limit of {}",
                                                  xml.size(), kMaxEventBytes)};
  }
  pugi::xml_document document;
  const auto parsed =
      document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8);
  if (!parsed) {
    return malformed(fmt::format("is no XML: {} at byte {}", parsed.description(), parsed.offset));
  }
  const auto event = document.child("Event");
  const auto system = event.child("System");
  if (!system) return malformed("has no element System");
  Record record;
  record.provider = system.child("Provider").attribute("Name").value();
  record.channel = system.child("Channel").text().get();
  const auto id = number_of<std::uint32_t>(trimmed(system.child("EventID").text().get()));
  const auto record_id =
      number_of<std::uint64_t>(trimmed(system.child("EventRecordID").text().get()));
  const auto at = time_of(system.child("TimeCreated").attribute("SystemTime").value());
  if (record.provider.empty() || record.channel.empty())
    return malformed("names no provider or no channel");
  if (!id || !record_id || !at) return malformed("lacks its id, its number or its time");
  record.id = *id;
  record.level = number_of<std::uint32_t>(trimmed(system.child("Level").text().get())).value_or(0);
  record.record_id = *record_id;
  record.at = *at;
  VIGIL_TRY(read_values(event.child("EventData"), record));
  return record;
}

}  // namespace vigil::eventlog
