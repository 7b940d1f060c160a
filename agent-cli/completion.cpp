// SPDX-License-Identifier: Apache-2.0
#include "completion.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "store/store.h"

namespace vigil::cli {
namespace {

constexpr std::string_view kBashScript =
    R"(# vigil: completion for bash. Load it with: source <(vigil completion bash)
_vigil() {
  local IFS=$'\n'
  COMPREPLY=($(vigil --complete "${COMP_WORDS[@]:1:COMP_CWORD-1}" "=${COMP_WORDS[COMP_CWORD]}" 2>/dev/null))
}
complete -o default -F _vigil vigil
)";

constexpr std::string_view kPowershellScript =
    R"(# vigil: completion for PowerShell. Load it with: vigil completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName vigil -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($wordToComplete -ne '' -and $words.Count -gt 0) { $words = @($words | Select-Object -SkipLast 1) }
  vigil --complete @words "=$wordToComplete" 2>$null | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
)";

constexpr std::array<std::string_view, 3> kColorWords = {"auto", "always", "never"};
constexpr std::array<std::string_view, 2> kShells = {"bash", "powershell"};
constexpr std::array<std::string_view, 5> kDumpKinds = {"triage", "mini", "miniplus", "full",
                                                        "custom"};
constexpr std::array<std::string_view, 2> kWriters = {"native", "dbghelp"};
constexpr std::uint32_t kOfferedIds = 20;

/// Ids and never names of processes: a name may be made so that a shell would run a part of it.
std::vector<std::string> newest_ids(const Context& context) {
  std::vector<std::string> ids = {"last"};
  store::ListFilter filter;
  filter.limit = kOfferedIds;
  auto store = store::Store::open(context.store_file, store::OpenMode::ReadOnly);
  if (!store.ok()) return ids;
  const auto captures = store->list(filter);
  if (!captures.ok()) return ids;
  for (const auto& capture : *captures) ids.push_back(std::to_string(capture.id.value));
  return ids;
}

template <class Words>
void append(std::vector<std::string>& to, const Words& words) {
  for (const auto& word : words) to.emplace_back(word);
}

/// Everything that could stand there, whatever has been typed of it.
std::vector<std::string> all_candidates(const Context& context,
                                        const std::vector<CompletionCommand>& commands,
                                        const std::vector<std::string>& before) {
  std::vector<std::string> result;
  const std::string_view previous = before.empty() ? std::string_view() : before.back();
  if (previous == "--color") {
    append(result, kColorWords);
    return result;
  }
  if (previous == "--kind" || previous == "--writer") {
    previous == "--kind" ? append(result, kDumpKinds) : append(result, kWriters);
    return result;
  }
  if (previous == "--state") {
    for (int i = 0; i <= static_cast<int>(store::State::Skipped); ++i) {
      result.emplace_back(store::to_string(static_cast<store::State>(i)));
    }
    return result;
  }
  const auto command = std::ranges::find_first_of(
      commands, before,
      [](const CompletionCommand& known, const std::string& word) { return known.name == word; });
  if (command == commands.end()) {
    for (const auto& known : commands) result.push_back(known.name);
    return result;
  }
  append(result, command->options);
  if (previous != command->name) return result;
  append(result, command->verbs);
  if (command->name == "show" || command->name == "signature") append(result, newest_ids(context));
  if (command->name == "completion") append(result, kShells);
  return result;
}

}  // namespace

std::vector<std::string> complete(const Context& context,
                                  const std::vector<CompletionCommand>& commands,
                                  const std::vector<std::string>& words) {
  if (words.empty() || !words.back().starts_with('=')) return {};
  const std::string_view typed = std::string_view(words.back()).substr(1);
  auto candidates = all_candidates(context, commands, {words.begin(), words.end() - 1});
  std::erase_if(candidates, [typed](const std::string& word) {
    // Options only when asked for: they would hide what people type more often.
    return !word.starts_with(typed) || (typed.empty() && word.starts_with('-'));
  });
  return candidates;
}

std::string completion_script(std::string_view shell) {
  if (shell == "bash") return std::string(kBashScript);
  if (shell == "powershell") return std::string(kPowershellScript);
  return {};
}

}  // namespace vigil::cli
