// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "base/utf.h"
#include "base/words.h"
#include "capture_json.h"
#include "capture_text.h"
#include "commands.h"
#include "output.h"
#include "platform/platform.h"
#include "rule_files.h"
#include "rules/rules.h"
#include "service_status.h"
#include "settings/settings.h"
#include "store/store.h"
#include "text.h"
#include "wer/wer.h"

namespace vigil::cli {
namespace {

struct StoreStatus {
  std::int64_t schema_version = 0;
  store::StateCounts counts;
  std::optional<store::Capture> newest;
};

/// Each part is asked for by itself: what one cannot tell must not hide the others.
struct MachineStatus {
  std::optional<Result<ServiceStatus>> service;
  Result<StoreStatus> store;
  Result<std::uint64_t> disk_free;
  RulesInForce rules;
  Result<settings::Settings> settings;
};

Result<StoreStatus> read_store(const Context& context) {
  VIGIL_TRY_ASSIGN(auto store, store::Store::open(context.store_file, store::OpenMode::ReadOnly));
  StoreStatus status;
  VIGIL_TRY_ASSIGN(status.schema_version, store.schema_version());
  VIGIL_TRY_ASSIGN(status.counts, store.counts());
  auto newest = store.last();
  if (newest.ok()) {
    status.newest = std::move(newest).take();
  } else if (newest.error().code() != Errc::NotFound) {
    return std::move(newest).take_error();
  }
  return status;
}

MachineStatus ask(const Context& context) {
  return {query_service(), read_store(context), platform::free_disk_bytes(context.data_folder),
          rules_in_force(context),
          settings::load_settings(settings::DataPaths{context.data_folder}.settings_file())};
}

std::uint64_t total(const store::StateCounts& c) {
  return c.observed + c.capturing + c.captured + c.analyzing + c.done + c.failed + c.skipped;
}

std::string counts_in_words(const store::StateCounts& counts) {
  return fmt::format("{} ({} done, {} failed, {} skipped, {} observed, {} capturing)",
                     total(counts), counts.done, counts.failed, counts.skipped, counts.observed,
                     counts.capturing);
}

std::string newest_in_words(const Context& context, const std::optional<store::Capture>& newest) {
  if (!newest) return "none";
  return fmt::format("{}: {}, {}, {}", newest->id.value, one_line(newest->process),
                     what_happened(*newest), format_time(context, newest->observed_at));
}

std::string rules_in_words(const RulesInForce& rules) {
  const auto& loaded = rules.loaded;
  auto text = fmt::format("{} in {}", loaded.rules.rules.size(), counted(loaded.files, "file"));
  const auto add = [&text](std::string_view line) { text.append("\n            ").append(line); };
  for (const auto& problem : loaded.problems) add(one_line(problem.format()));
  for (const auto& words : last_good_in_words(rules)) add(words);
  return text;
}

std::size_t attaching(const rules::RuleSet& rules) {
  return static_cast<std::size_t>(std::ranges::count_if(rules.rules, &rules::Rule::attach));
}

/// Who would take a dump of the next crash.
std::string dumps_in_words(const RulesInForce& in_force, const settings::Settings& settings) {
  const auto& rules = in_force.loaded.rules;
  const auto attached =
      fmt::format("attached by {} of {} rules", attaching(rules), rules.rules.size());
  const bool wer = settings.local_dumps && !wer::wanted_dumps(rules).empty();
  if (settings.aedebug) return fmt::format("of crashes (AeDebug); {}", attached);
  if (wer) return fmt::format("of crashes (WER LocalDumps); {}", attached);
  if (attaching(rules) != 0) return fmt::format("{}; AeDebug and LocalDumps are off", attached);
  return fmt::format(
      "{}: no rule{} asks for one that AeDebug, LocalDumps (watch in vigil.yaml) or an "
      "attached dumper would take",
      in_force.whole ? "none are taken" : "none that can be told of",
      in_force.whole ? "" : " that could be read");
}

void print_text(const Context& context, const MachineStatus& status) {
  std::string text;
  const auto line = [&text](std::string_view name, std::string_view value) {
    text += fmt::format("{:<10}  {}\n", name, value);
  };
  const auto error_line = [&line](std::string_view name, const Error& error) {
    line(name, one_line(error.message()));
  };
  if (!status.service) {
    line("service", "not on this system");
  } else if (status.service->ok()) {
    line("service", (*status.service)->words);
  } else {
    error_line("service", status.service->error());
  }
  line("data", one_line(utf8_from_path(context.data_folder)));
  if (status.store.ok()) {
    const auto& store = *status.store;
    line("store", fmt::format("{} (schema {})", one_line(utf8_from_path(context.store_file)),
                              store.schema_version));
    line("captures", counts_in_words(store.counts));
    line("queue",
         fmt::format("{} waiting, {} in analysis", store.counts.captured, store.counts.analyzing));
    line("newest", newest_in_words(context, store.newest));
  } else {
    error_line("store", status.store.error());
  }
  if (status.disk_free.ok()) {
    line("disk free", format_bytes(*status.disk_free));
  } else {
    error_line("disk free", status.disk_free.error());
  }
  line("rules", rules_in_words(status.rules));
  if (status.settings.ok()) {
    line("dumps", dumps_in_words(status.rules, *status.settings));
  } else {
    error_line("settings", status.settings.error());
  }
  print(text);
}

nlohmann::ordered_json store_json(const Context& context, const Result<StoreStatus>& status) {
  nlohmann::ordered_json object;
  object["file"] = utf8_from_path(context.store_file);
  if (!status.ok()) {
    object["error"] = status.error().message();
    return object;
  }
  const auto& counts = status->counts;
  object["schema_version"] = status->schema_version;
  object["captures"] = {{"observed", counts.observed}, {"capturing", counts.capturing},
                        {"captured", counts.captured}, {"analyzing", counts.analyzing},
                        {"done", counts.done},         {"failed", counts.failed},
                        {"skipped", counts.skipped}};
  object["queue"] = counts.captured + counts.analyzing;
  if (status->newest) object["newest"] = to_json(context, *status->newest);
  return object;
}

void print_status_json(const Context& context, const MachineStatus& status) {
  nlohmann::ordered_json object;
  if (status.service) {
    auto& service = object["service"];
    if (status.service->ok()) {
      service["running"] = (*status.service)->running;
      service["state"] = (*status.service)->words;
    } else {
      service["error"] = status.service->error().message();
    }
  }
  object["data_folder"] = utf8_from_path(context.data_folder);
  object["store"] = store_json(context, status.store);
  if (status.disk_free.ok()) object["disk_free_bytes"] = *status.disk_free;
  auto& rules = object["rules"];
  rules["count"] = status.rules.loaded.rules.rules.size();
  rules["files"] = status.rules.loaded.files;
  rules["attach"] = attaching(status.rules.loaded.rules);
  auto& problems = rules["problems"] = nlohmann::ordered_json::array();
  for (const auto& problem : status.rules.loaded.problems) problems.push_back(problem.format());
  rules["in_force"] = last_good_in_words(status.rules);
  auto& settings = object["settings"];
  if (status.settings.ok()) {
    settings["aedebug"] = status.settings->aedebug;
    settings["local_dumps"] = status.settings->local_dumps;
  } else {
    settings["error"] = status.settings.error().message();
  }
  print_json(object);
}

}  // namespace

ExitCode run_status(const Context& context, const StatusOptions& /*options*/) {
  const auto status = ask(context);
  if (context.json) {
    print_status_json(context, status);
  } else {
    print_text(context, status);
  }
  const bool service_runs = !status.service || (status.service->ok() && (*status.service)->running);
  if (!service_runs) return ExitCode::ServiceNotRunning;
  return status.store.ok() ? ExitCode::Ok : exit_code_for(status.store.error().code());
}

}  // namespace vigil::cli
