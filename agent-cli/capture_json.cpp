// SPDX-License-Identifier: Apache-2.0
#include "capture_json.h"

#include <fmt/format.h>

#include "base/exception_codes.h"
#include "base/utf.h"
#include "capture_text.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;

void put(Json& object, const char* key, std::string_view text) {
  if (!text.empty()) object[key] = text;
}

void put_exception(Json& object, std::optional<std::uint32_t> code) {
  if (!code) return;
  object["exception_code"] = fmt::format("0x{:08x}", *code);
  object["exception_name"] = exception_name(*code);
}

}  // namespace

Json to_json(const Context& context, const store::Capture& capture) {
  Json object;
  object["id"] = capture.id.value;
  object["state"] = store::to_string(capture.state);
  put(object, "reason", capture.reason);
  object["kind"] = store::to_string(capture.kind);
  object["observed_at"] = format_utc(capture.observed_at);
  object["updated_at"] = format_utc(capture.updated_at);
  object["pid"] = capture.pid.value;
  if (capture.process_start) object["process_start"] = format_utc(*capture.process_start);
  put(object, "process", capture.process);
  put(object, "path", capture.path);
  put(object, "command_line", capture.command_line);
  put_exception(object, capture.exception_code);
  if (capture.exit_code) object["exit_code"] = *capture.exit_code;
  put(object, "fault_key", capture.fault_key);
  put(object, "rule", capture.rule);
  put(object, "decision", capture.decision);
  put(object, "dump_kind", capture.dump_kind);
  if (!capture.dump_file.empty()) {
    object["dump_file"] = utf8_from_path(dump_path(context, capture));
    object["dump_bytes"] = capture.dump_bytes;
  }
  if (capture.attempts > 0) object["attempts"] = capture.attempts;
  put(object, "signature", capture.signature);
  put(object, "verdict", capture.verdict);
  put(object, "synopsis", capture.synopsis);
  put(object, "detail", capture.detail);
  put(object, "managed", capture.managed);
  put(object, "wer_bucket", capture.wer_bucket);
  auto& seen_by = object["seen_by"] = Json::array();
  for (const auto source : capture.seen_by) seen_by.push_back(store::to_string(source));
  return object;
}

Json to_json(const store::LogEvent& event) {
  Json object;
  object["at"] = format_utc(event.at);
  object["channel"] = event.channel;
  object["provider"] = event.provider;
  object["event_id"] = event.event_id;
  object["record_id"] = event.record_id;
  put(object, "process", event.process);
  put(object, "report_id", event.report_id);
  put(object, "bucket", event.bucket);
  put(object, "summary", event.summary);
  put(object, "text", event.text);
  return object;
}

Json to_json(const store::Signal& signal) {
  Json object;
  object["source"] = store::to_string(signal.source);
  object["kind"] = store::to_string(signal.kind);
  object["at"] = format_utc(signal.at);
  object["pid"] = signal.pid.value;
  if (signal.process_start) object["process_start"] = format_utc(*signal.process_start);
  put(object, "process", signal.process);
  put(object, "path", signal.path);
  put(object, "command_line", signal.command_line);
  put_exception(object, signal.exception_code);
  if (signal.exit_code) object["exit_code"] = *signal.exit_code;
  put(object, "fault_key", signal.fault_key);
  put(object, "detail", signal.detail);
  return object;
}

nlohmann::ordered_json to_json(const store::Action& action) {
  nlohmann::ordered_json json;
  json["kind"] = action.kind;
  json["state"] = store::to_string(action.state);
  json["attempts"] = action.attempts;
  if (!action.result.empty()) json["result"] = action.result;
  return json;
}

}  // namespace vigil::cli
