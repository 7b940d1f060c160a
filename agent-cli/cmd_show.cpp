// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/exception_codes.h"
#include "base/utf.h"
#include "capture_id.h"
#include "capture_json.h"
#include "capture_text.h"
#include "commands.h"
#include "output.h"
#include "platform/platform.h"
#include "report/report.h"
#include "store/store.h"
#include "text.h"

namespace vigil::cli {
namespace {

/// All that the store has on one capture.
struct Story {
  store::Capture capture;
  std::vector<store::Signal> signals;
  std::optional<store::Bucket> bucket;
  std::string report_json;    ///< Empty: there is no report.
  std::string circumstances;  ///< As report_json; empty: nothing was noted.
  std::vector<store::LogEvent> events;
  std::vector<store::Action> actions;
};

/// One line of the heading: a name and what it is; lines without anything to say are not printed.
void append_line(std::string& text, std::string_view name, std::string_view value) {
  constexpr std::size_t kNameWidth = 12;
  if (!value.empty()) text += fmt::format("  {:<{}}{}\n", name, kNameWidth, value);
}

std::string lifetime(const Context& context, const store::Capture& capture) {
  if (!capture.process_start) return {};
  return fmt::format("{}, {} before", format_time(context, *capture.process_start),
                     format_duration(capture.observed_at - *capture.process_start));
}

std::string signature_line(const Context& context, const Story& story) {
  const auto& signature = story.capture.signature;
  if (signature.empty() || !story.bucket || story.bucket->captures < 2) return one_line(signature);
  return fmt::format("{} ({} captures since {})", one_line(signature), story.bucket->captures,
                     format_time(context, story.bucket->first_seen));
}

std::string dump_line(const Context& context, const store::Capture& capture) {
  if (capture.dump_file.empty()) return "none";
  return fmt::format("{} ({})", one_line(utf8_from_path(dump_path(context, capture))),
                     dump_in_words(capture));
}

std::string signal_line(const Context& context, const store::Signal& signal) {
  auto text =
      fmt::format("{:<10}  {}", store::to_string(signal.source), format_time(context, signal.at));
  if (signal.exception_code) text += ", " + exception_name(*signal.exception_code);
  if (signal.exit_code && store::is_death(signal.kind))
    text += ", exit code " + exit_code_in_words(*signal.exit_code);
  if (!signal.fault_key.empty()) text += ", at " + one_line(signal.fault_key);
  if (!signal.detail.empty()) text += ", " + one_line(signal.detail);
  return text;
}

/// `webhook: done, https://hooks.example.com took it`
std::string action_line(const store::Action& action) {
  auto text = fmt::format("{}: {}", action.kind, store::to_string(action.state));
  if (!action.result.empty()) text += ", " + one_line(action.result);
  if (action.attempts > 1) text += fmt::format(" ({} attempts)", action.attempts);
  return text;
}

/// `Application 90259, Application Error 1000: Orders.exe 4.2.1 died of …`; further lines of a text
/// are set in.
std::string event_lines(const Context& context, const store::LogEvent& event) {
  auto text = fmt::format("{}  {} {}, {} log:\n", format_time(context, event.at),
                          one_line(event.provider), event.event_id, one_line(event.channel));
  std::string_view rest = event.text;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    text += "    " + one_line(rest.substr(0, end)) + "\n";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return text;
}

std::string events_section(const Context& context, const std::vector<store::LogEvent>& events) {
  if (events.empty()) return {};
  auto text = "\n" + bold(context, "EVENTS") + "\nWhat Windows wrote into its logs about it.\n\n";
  for (const auto& event : events) text += event_lines(context, event);
  return text;
}

std::string heading(const Context& context, const Story& story) {
  const auto& capture = story.capture;
  const auto name = one_line(capture.process.empty() ? "a process" : capture.process);
  const auto pid =
      capture.pid == ProcessId{} ? std::string() : fmt::format(" (pid {})", capture.pid.value);
  auto text = bold(context, fmt::format("Capture {}: {}{}: {}", capture.id.value, name, pid,
                                        what_happened(capture))) +
              "\n";
  append_line(text, "when", format_time(context, capture.observed_at));
  if (!store::is_death(capture.kind)) append_line(text, "because", one_line(capture.detail));
  append_line(text, ".NET", one_line(capture.managed));
  append_line(text, "state", store::to_string(capture.state));
  append_line(text, "reason", capture.reason == capture.decision ? "" : one_line(capture.reason));
  append_line(text, "rule", one_line(capture.rule));
  append_line(text, "decision", one_line(capture.decision));
  append_line(text, "path", one_line(capture.path));
  append_line(text, "command", one_line(capture.command_line));
  append_line(text, "started", lifetime(context, capture));
  if (capture.exit_code && store::is_death(capture.kind))
    append_line(text, "exit code", exit_code_in_words(*capture.exit_code));
  append_line(text, "signature", signature_line(context, story));
  append_line(text, "WER bucket", one_line(capture.wer_bucket));
  append_line(text, "dump", dump_line(context, capture));
  std::string_view label = "then";
  for (const auto& action : story.actions) {
    append_line(text, label, action_line(action));
    label = "";
  }
  label = "seen by";
  for (const auto& signal : story.signals) {
    append_line(text, label, signal_line(context, signal));
    label = "";
  }
  return text;
}

Result<Story> read_story(store::Store& store, store::Capture capture) {
  Story story;
  story.capture = std::move(capture);
  VIGIL_TRY_ASSIGN(story.signals, store.signals(story.capture.id));
  VIGIL_TRY_ASSIGN(story.bucket, store.bucket(story.capture.id));
  VIGIL_TRY_ASSIGN(story.events, store.events(story.capture.id));
  VIGIL_TRY_ASSIGN(story.actions, store.actions(story.capture.id));
  auto json = store.report_json(story.capture.id);
  if (json.ok()) {
    story.report_json = std::move(json).take();
  } else if (json.error().code() != Errc::NotFound) {
    return std::move(json).take_error();
  }
  // The report has them too.
  if (story.report_json.empty()) {
    VIGIL_TRY_ASSIGN(story.circumstances, store.circumstances(story.capture.id));
  }
  return story;
}

ExitCode unreadable_report(const store::Capture& capture, const Error& error) {
  say(fmt::format("vigil: the report of capture {} cannot be read: {}\n", capture.id.value,
                  one_line(error.message())));
  return ExitCode::Partial;
}

ExitCode print_story_json(const Context& context, const Story& story) {
  auto result = ExitCode::Ok;
  nlohmann::ordered_json object;
  object["capture"] = to_json(context, story.capture);
  auto& signals = object["signals"] = nlohmann::ordered_json::array();
  for (const auto& signal : story.signals) signals.push_back(to_json(signal));
  if (!story.events.empty()) {
    auto& events = object["events"] = nlohmann::ordered_json::array();
    for (const auto& event : story.events) events.push_back(to_json(event));
  }
  if (!story.actions.empty()) {
    auto& actions = object["actions"] = nlohmann::ordered_json::array();
    for (const auto& action : story.actions) actions.push_back(to_json(action));
  }
  if (!story.report_json.empty()) {
    // Checked by the module that knows its limits, then passed on as it is.
    const auto report = report::from_json(story.report_json);
    if (report.ok()) {
      object["report"] = nlohmann::ordered_json::parse(story.report_json);
    } else {
      result = unreadable_report(story.capture, report.error());
    }
  }
  if (report::from_json(story.circumstances).ok()) {
    const auto noted = nlohmann::ordered_json::parse(story.circumstances);
    if (noted.contains("circumstances")) object["circumstances"] = noted["circumstances"];
  }
  print_json(object);
  return result;
}

ExitCode print_story(const Context& context, const Story& story, bool all_threads) {
  auto text = heading(context, story);
  const report::TextOptions how = {.color = context.color,
                                   .all_threads = all_threads,
                                   .utc = context.utc,
                                   .cut_names = platform::stdout_is_terminal()};
  if (story.report_json.empty()) {
    text += events_section(context, story.events);
    text += "\nThere is no report of this capture.\n";
    const auto noted = report::from_json(story.circumstances);
    if (noted.ok() && noted->circumstances) text += report::to_text(*noted->circumstances, how);
    print(text);
    return ExitCode::Ok;
  }
  const auto report = report::from_json(story.report_json);
  if (!report.ok()) {
    print(text);
    return unreadable_report(story.capture, report.error());
  }
  text += events_section(context, story.events);
  print(text + "\n" + report::to_text(*report, how));
  return ExitCode::Ok;
}

}  // namespace

ExitCode run_show(const Context& context, const ShowOptions& options) {
  auto store = store::Store::open(context.store_file, store::OpenMode::ReadOnly);
  if (!store.ok()) return report_error(store.error());
  auto capture = find_capture(*store, options.id);
  if (!capture.ok() && capture.error().code() == Errc::Malformed)
    return usage_error(capture.error().message());
  if (!capture.ok()) return report_error(capture.error());
  const auto story = read_story(*store, std::move(capture).take());
  if (!story.ok()) return report_error(story.error());
  return context.json ? print_story_json(context, *story)
                      : print_story(context, *story, options.all_threads);
}

}  // namespace vigil::cli
