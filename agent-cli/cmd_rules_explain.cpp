// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/exception_codes.h"
#include "capture_id.h"
#include "commands.h"
#include "explain_rules.h"
#include "explain_text.h"
#include "output.h"
#include "rule_files.h"
#include "rules/rules.h"
#include "store/store.h"
#include "watch/watch.h"

namespace vigil::cli {
namespace {

Result<Question> question_of_capture(store::Store& store, const std::string& id) {
  VIGIL_TRY_ASSIGN(const auto row, find_capture(store, id));
  Question question;
  question.subject = subject_of(row);
  question.named = fmt::format("capture {}: {} (pid {})", row.id.value, row.process, row.pid.value);
  question.kind = row.kind;
  question.code = row.exit_code.value_or(row.exception_code.value_or(0));
  question.detail = row.detail;
  question.key = row.signature.empty() ? row.fault_key : row.signature;
  question.id = row.id;
  question.rule = row.rule;
  question.decided = row.decision;
  return question;
}

/// What nobody says of it nobody knows.
Subject described(const RulesExplainOptions& options) {
  Subject subject{.facts = {options.process, options.path, options.command_line, options.services}};
  const auto add = [&](std::string_view key, bool unknown) {
    if (unknown) subject.unknown.emplace_back(key);
  };
  add("path", options.path.empty());
  add("command_line", options.command_line.empty());
  add("service", options.services.empty());
  add("user", true);
  add("version", true);
  return subject;
}

Result<Question> question_of_process(const RulesExplainOptions& options) {
  Question question;
  if (options.pid) {
    VIGIL_TRY_ASSIGN(question.subject, subject_of_process(ProcessId{*options.pid}));
    question.named = fmt::format("{} (pid {})", question.subject.facts.name, *options.pid);
  } else {
    question.subject = described(options);
    question.named = options.process;
  }
  if (options.exit_code.empty()) return question;
  auto code = rules::parse_exit_code(options.exit_code);
  if (!code.ok()) return std::move(code).take_error().with_context("--exit");
  question.code = *code;
  question.kind = is_crash_exit_code(*code) ? store::Kind::Crash : store::Kind::Exit;
  return question;
}

}  // namespace

ExitCode run_rules_explain(const Context& context, const RulesExplainOptions& options) {
  auto store = store::Store::open(context.store_file, store::OpenMode::ReadOnly);
  if (!store.ok() && (!options.id.empty() || store.error().code() != Errc::NotFound))
    return report_error(store.error());
  auto question =
      options.id.empty() ? question_of_process(options) : question_of_capture(*store, options.id);
  if (!question.ok() && question.error().code() == Errc::Malformed)
    return usage_error(question.error().message());
  if (!question.ok()) return report_error(question.error());
  auto& subject = question->subject;
  subject.critical = subject.critical || watch::is_critical_process(subject.facts.name);
  const auto rules = rules_in_force(context);
  const auto sections = explain_rules(rules.loaded.rules, *question,
                                      {store.ok() ? &*store : nullptr, low_disk_of(context)});
  if (!sections.ok()) return report_error(sections.error());
  if (context.json) {
    print_json(explained_json(*question, *sections, rules));
  } else {
    print(explained_text(*question, *sections, rules));
  }
  say_what_is_broken(rules);
  return rules.loaded.problems.empty() ? ExitCode::Ok : ExitCode::Partial;
}

}  // namespace vigil::cli
