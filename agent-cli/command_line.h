// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include <CLI/CLI.hpp>

#include "commands.h"

/// What can be typed: all options of all commands. With cli.cpp the only place that knows CLI11.
namespace vigil::cli {

/// What was typed, before it means anything. CLI11 writes into this while it parses.
struct Line {
  std::string store, data;
  std::string color = "auto";
  bool json = false, utc = false, version = false;
  ListOptions list;
  bool only_newest = false, no_legend = false;
  ShowOptions show;
  StatusOptions status;
  std::string shell;
  AnalyzeOptions analyze;
  std::string analyze_file, symbol_cache;
  SignatureOptions signature;
  KernelOptions kernel;
  SymbolsFetchOptions symbols_fetch;
  std::string symbols_output, symbols_file;
  SymbolsCheckOptions symbols_check;
  DumpOptions dump;
  std::string dump_output;
  bool plain = false;
  RulesCheckOptions rules_check;
  RulesExplainOptions rules_explain;
  RulesTestOptions rules_test;
  RulesSwitchOptions rules_switch;
  std::string rules_path;
  ServiceOptions service;
  std::function<ExitCode(const Context&)> command;
};

/// Makes \p app know every command and option; what is typed then lands in \p line, which must
/// outlive it.
void describe(CLI::App& app, Line& line);

/// A command of \p parent; \p examples, lines of them, stand below its help.
CLI::App* add_command(CLI::App& parent,
                      const std::string& name,
                      const std::string& summary,
                      const char* examples);

/// `vigil rules` and what is below it.
void add_rules(CLI::App& app, Line& line);

}  // namespace vigil::cli
