// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "platform/win/account.h"
#include "platform/win/process_table.h"
#include "platform/win/processes.h"
#include "platform/win/security.h"
#include "platform/win/service_table.h"
#include "platform/win/version.h"
#include "rule_files.h"

namespace vigil::cli {

rules::Objection rule_file_objection() {
  return platform::why_not_to_be_trusted;
}

Result<Subject> subject_of_process(ProcessId pid) {
  platform::ProcessTable table;
  VIGIL_TRY_ASSIGN(const auto rows, table.read());
  const auto row = std::ranges::find_if(rows, [&](const auto& r) { return r.key.pid == pid; });
  if (row == rows.end())
    return Error{Errc::NotFound, fmt::format("there is no process {}", pid.value)};
  Subject subject{.facts = {row->name(), {}, {}}};
  auto& facts = subject.facts;
  const auto process = platform::open_process(row->key);
  if (!process.ok() && process.error().code() == Errc::NotFound) return process.error();
  // A protected process keeps everybody out: its name is known all the same.
  if (process.ok()) {
    auto details = platform::process_details(process->get(), pid);
    facts.path = std::move(details.path);
    facts.command_line = std::move(details.command_line);
    subject.critical = platform::is_marked_critical(process->get());
  }
  VIGIL_TRY_ASSIGN(auto services, platform::read_service_table());
  facts.services = std::move(services[pid]);
  const auto user = platform::process_user(pid);
  if (user.ok()) facts.user = platform::account_names(user->user);
  facts.version = platform::file_version(facts.path);
  const auto add = [&](std::string_view key, bool unknown) {
    if (unknown) subject.unknown.emplace_back(key);
  };
  add("path", facts.path.empty());
  add("command_line", facts.command_line.empty());
  add("user", facts.user.empty());
  add("version", facts.path.empty());
  return subject;
}

}  // namespace vigil::cli
