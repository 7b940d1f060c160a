// SPDX-License-Identifier: Apache-2.0
// The event file and the lines between service and dumper. What we write always fits what we read:
// the limits of the fields, each doubled by JSON's escapes at worst, stay below kMaxEventBytes
// together.
#include <array>
#include <utility>

#include <fmt/format.h>

#include "capture/capture.h"
#include "capture/fields.h"

namespace vigil::capture {
namespace {

constexpr std::uint32_t kSchema = 1;
constexpr std::size_t kMaxNameBytes = 1024;
constexpr std::size_t kMaxPathBytes = 6 * 1024;
constexpr std::size_t kMaxCommandLineBytes = 12 * 1024;
constexpr std::size_t kMaxTextBytes = 4 * 1024;
constexpr std::int64_t kMicrosecondsPerMillisecond = 1000;
static_assert(2 * (3 * kMaxNameBytes + kMaxPathBytes + kMaxCommandLineBytes + 2 * kMaxTextBytes +
                   kMaxEventText) +
                  4096 <
              kMaxEventBytes);

using Type = DumperMessage::Type;
constexpr std::array<std::pair<Type, std::string_view>, 5> kTypes = {{{Type::Attached, "attached"},
                                                                      {Type::Asking, "asking"},
                                                                      {Type::Handed, "handed"},
                                                                      {Type::Exited, "exited"},
                                                                      {Type::Failed, "failed"}}};

std::string_view to_string(Type type) noexcept {
  for (const auto& [value, name] : kTypes) {
    if (value == type) return name;
  }
  return {};
}

std::optional<Type> type_from(std::string_view name) noexcept {
  for (const auto& [value, known] : kTypes) {
    if (known == name) return value;
  }
  return std::nullopt;
}

/// Leaves out what is empty: a reader takes a missing field for not known.
void put_text(Json& object, const char* name, std::string_view text, std::size_t limit) {
  if (!text.empty()) object[name] = printable(text, limit);
}

Json signal_to_json(const store::Signal& signal) {
  Json object = {{"source", store::to_string(signal.source)},
                 {"kind", store::to_string(signal.kind)},
                 {"at_us", static_cast<std::uint64_t>(signal.at.us < 0 ? 0 : signal.at.us)},
                 {"pid", signal.pid.value}};
  if (signal.process_start && signal.process_start->us >= 0) {
    object["process_start_us"] = static_cast<std::uint64_t>(signal.process_start->us);
  }
  put_text(object, "process", signal.process, kMaxNameBytes);
  put_text(object, "path", signal.path, kMaxPathBytes);
  put_text(object, "command_line", signal.command_line, kMaxCommandLineBytes);
  if (signal.exception_code) object["exception_code"] = *signal.exception_code;
  if (signal.exit_code) object["exit_code"] = *signal.exit_code;
  put_text(object, "fault_key", signal.fault_key, kMaxNameBytes);
  put_text(object, "detail", signal.detail, kMaxTextBytes);
  put_text(object, "text", signal.text, kMaxEventText);
  return object;
}

/// What the service finds out by itself nobody else can tell it.
std::optional<store::Source> source_from_outside(std::string_view name) {
  const auto source = store::source_from(name);
  return source == store::Source::Sampler || source == store::Source::EventLog ? std::nullopt
                                                                               : source;
}
std::optional<store::Kind> kind_from_outside(std::string_view name) {
  const auto kind = store::kind_from(name);
  const bool allowed = kind && (store::is_death(*kind) || *kind == store::Kind::Manual ||
                                store::needs_attach(*kind));
  return allowed ? kind : std::nullopt;
}

Status read_signal(const Json& json, store::Signal& signal) {
  FieldReader fields(json, "signal");
  fields.name_of("source", signal.source, source_from_outside);
  fields.require("source");
  fields.name_of("kind", signal.kind, kind_from_outside);
  fields.require("kind");
  fields.time("at_us", signal.at);
  fields.require("at_us");
  fields.number("pid", signal.pid.value);
  fields.require("pid");
  fields.time("process_start_us", signal.process_start);
  fields.text("process", signal.process, kMaxNameBytes);
  fields.text("path", signal.path, kMaxPathBytes);
  fields.text("command_line", signal.command_line, kMaxCommandLineBytes);
  fields.number("exception_code", signal.exception_code);
  fields.number("exit_code", signal.exit_code);
  fields.text("fault_key", signal.fault_key, kMaxNameBytes);
  fields.text("detail", signal.detail, kMaxTextBytes);
  fields.text("text", signal.text, kMaxEventText);
  return fields.finish();
}

}  // namespace

std::string to_json(const InboxEvent& event) {
  Json object = {{"schema", kSchema},
                 {"signal", signal_to_json(event.signal)},
                 {"dump", rules::to_string(event.dump)},
                 {"decided", event.decided}};
  put_text(object, "dump_file", event.dump_file, kMaxNameBytes);
  put_text(object, "rule", event.rule, kMaxNameBytes);
  return dump_json(object);
}

Result<InboxEvent> inbox_event_from_json(std::string_view json) {
  constexpr const char* kWhat = "event file";
  VIGIL_TRY_ASSIGN(const auto object, parse_object(json, kWhat));
  InboxEvent event;
  std::uint32_t schema = 0;
  FieldReader fields(object, kWhat);
  fields.number("schema", schema);
  fields.object("signal", [&](const Json& value) { return read_signal(value, event.signal); });
  fields.require("signal");
  fields.name_of("dump", event.dump, rules::dump_kind_from);
  fields.text("dump_file", event.dump_file, kMaxNameBytes);
  fields.text("rule", event.rule, kMaxNameBytes);
  fields.flag("decided", event.decided);
  VIGIL_TRY(fields.finish());
  if (schema != kSchema) {
    return Error{Errc::Unsupported,
                 fmt::format("{}: schema {}, and this program reads {}", kWhat, schema, kSchema)};
  }
  if (!event.dump_file.empty() && !is_plain_dump_name(event.dump_file)) {
    return Error{Errc::Malformed,
                 fmt::format("{}: dump_file: '{}' is not the plain name of a dump file", kWhat,
                             event.dump_file)};
  }
  return event;
}

std::string to_json_line(const DumperMessage& message) {
  Json object = {{"type", to_string(message.type)}, {"signal", signal_to_json(message.signal)}};
  if (message.exit_code) object["exit_code"] = *message.exit_code;
  put_text(object, "text", message.text, kMaxTextBytes);
  return dump_json(object) + '\n';
}

Result<DumperMessage> dumper_message_from_json(std::string_view line) {
  constexpr const char* kWhat = "dumper's message";
  VIGIL_TRY_ASSIGN(const auto object, parse_object(line, kWhat));
  DumperMessage message;
  FieldReader fields(object, kWhat);
  fields.name_of("type", message.type, type_from);
  fields.require("type");
  fields.object("signal", [&](const Json& value) { return read_signal(value, message.signal); });
  fields.require("signal");
  fields.number("exit_code", message.exit_code);
  fields.text("text", message.text, kMaxTextBytes);
  VIGIL_TRY(fields.finish());
  return message;
}

std::string to_json_line(const rules::Decision& decision) {
  Json object = {{"dump", rules::to_string(decision.dump)}, {"limited", decision.limited}};
  put_text(object, "rule", decision.rule, kMaxNameBytes);
  put_text(object, "reason", decision.reason, kMaxTextBytes);
  const auto& manner = decision.manner;
  if (manner.custom != 0) object["custom"] = manner.custom;
  if (manner.writer != rules::Writer::Native) object["writer"] = rules::to_string(manner.writer);
  if (manner.suspend) object["suspend_ms"] = manner.suspend->count() / kMicrosecondsPerMillisecond;
  return dump_json(object) + '\n';
}

Result<rules::Decision> decision_from_json(std::string_view line) {
  constexpr const char* kWhat = "decision";
  VIGIL_TRY_ASSIGN(const auto object, parse_object(line, kWhat));
  rules::Decision decision;
  FieldReader fields(object, kWhat);
  fields.name_of("dump", decision.dump, rules::dump_kind_from);
  fields.require("dump");
  fields.text("rule", decision.rule, kMaxNameBytes);
  fields.text("reason", decision.reason, kMaxTextBytes);
  fields.flag("limited", decision.limited);
  fields.number("custom", decision.manner.custom);
  fields.name_of("writer", decision.manner.writer, rules::writer_from);
  std::optional<std::uint32_t> suspend_ms;
  fields.number("suspend_ms", suspend_ms);
  VIGIL_TRY(fields.finish());
  if (suspend_ms) decision.manner.suspend = Microseconds(kMicrosecondsPerMillisecond * *suspend_ms);
  return decision;
}

}  // namespace vigil::capture
