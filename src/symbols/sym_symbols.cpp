// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/utf.h"
#include "names/names.h"
#include "symbols/file_names.h"
#include "symbols/symbol_file.h"

namespace vigil::symbols {
namespace {

namespace fs = std::filesystem;

/// A file's text, as much of it as is asked for.
class FileText final : public breakpad::TextSource {
 public:
  explicit FileText(platform::OnDemandFile file) : file_(std::move(file)) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return file_.size(); }
  [[nodiscard]] std::string_view view(std::uint64_t offset, std::size_t size) override {
    return file_.view(offset, size).text();
  }
  [[nodiscard]] platform::OnDemandFile& file() noexcept { return file_; }

 private:
  platform::OnDemandFile file_;
};

/// A Breakpad file: its text, and the index of it, which is mapped where the cache has it.
class SymSymbols final : public SymbolFile {
 public:
  SymSymbols(fs::path path, platform::OnDemandFile text, IndexCache& cache)
      : SymbolFile(std::move(path)), text_(std::move(text)), cache_(cache) {}

  /// \p debug_id is the text's, from its first line.
  Status open_index(std::string_view debug_id) {
    stamp_ = {text_.size(), text_.file().modified_ns()};
    if (!cache_.folder.empty()) kept_ = cache_.folder / index_name(debug_id);
    return use_kept_index() ? Status() : make_index();
  }

  [[nodiscard]] SymbolSource source() const noexcept override { return SymbolSource::Sym; }

  [[nodiscard]] std::optional<Symbol> locate(std::uint32_t rva) override {
    auto found = ask([rva](breakpad::SymFile& file) { return file.locate(rva); });
    if (!found || found->places.empty()) return std::nullopt;
    Symbol symbol{
        .offset = rva - found->rva, .source = SymbolSource::Sym, .certain = !found->is_public};
    symbol.inlined.reserve(found->places.size() - 1);
    for (std::size_t i = 0; i + 1 < found->places.size(); ++i)
      symbol.inlined.push_back(place_of(std::move(found->places[i])));
    symbol.place = place_of(std::move(found->places.back()));
    if (found->is_public) symbol.place.function = names::undecorate(symbol.place.function);
    return symbol;
  }
  [[nodiscard]] std::optional<breakpad::CfiRules> cfi_rules(std::uint32_t rva) override {
    return ask([rva](breakpad::SymFile& file) { return file.cfi_rules(rva); });
  }
  [[nodiscard]] std::optional<breakpad::WinFrame> win_frame(std::uint32_t rva) override {
    return ask([rva](breakpad::SymFile& file) { return file.win_frame(rva); });
  }

 private:
  static Place place_of(breakpad::Place place) {
    return {std::move(place.function), std::move(place.file), place.line};
  }

  /// The text's name, identity, size and time: a text that was changed has another index.
  [[nodiscard]] std::string index_name(std::string_view debug_id) const {
    return fmt::format("{}-{}-{:x}-{:x}.idx", utf8_from_path(path().filename()),
                       is_plain_file_name(debug_id) ? debug_id : "", stamp_.size,
                       static_cast<std::uint64_t>(stamp_.modified_ns));
  }

  /// Whether the cache has an index of this text.
  bool use_kept_index() {
    if (kept_.empty()) return false;
    auto mapped = platform::MappedFile::open(kept_);
    if (!mapped.ok()) return false;
    auto file = breakpad::SymFile::open(text_, (*mapped)->bytes(), stamp_);
    if (!file.ok()) return false;
    index_file_ = std::move(mapped).take();
    file_ = std::move(file).take();
    return true;
  }

  Status make_index() {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    VIGIL_TRY_ASSIGN(const auto bytes, text_.file().bytes());
    VIGIL_TRY_ASSIGN(index_, breakpad::build_index(bytes, stamp_));
    VIGIL_TRY_ASSIGN(file_,
                     breakpad::SymFile::open(text_, ByteView(std::string_view(index_)), stamp_));
    // A cache that cannot be written to costs time, nothing else.
    if (!kept_.empty() && platform::create_folders(cache_.folder).ok())
      (void)platform::write_file_atomically(kept_, index_);
    cache_.spent += Clock::now() - start;
    return {};
  }

  /// What \p question finds; when the index from the cache turns out to be damaged, by a new one.
  template <class Question>
  auto ask(const Question& question) -> decltype(question(std::declval<breakpad::SymFile&>())) {
    if (!file_) return std::nullopt;
    auto answer = question(*file_);
    if (index_file_ == nullptr || !file_->index_is_damaged()) return answer;
    file_.reset();
    index_file_.reset();  // Windows replaces no file that is mapped
    if (!make_index().ok()) return std::nullopt;
    return question(*file_);
  }

  FileText text_;
  IndexCache& cache_;
  breakpad::Stamp stamp_;
  fs::path kept_;  // the index's file; empty: none
  std::unique_ptr<platform::MappedFile> index_file_;
  std::string index_;  // where the cache has none
  std::optional<breakpad::SymFile> file_;
};

}  // namespace

Result<std::unique_ptr<SymbolFile>> open_sym(const fs::path& path,
                                             std::string_view debug_id,
                                             IndexCache& cache) {
  VIGIL_TRY_ASSIGN(auto text, platform::OnDemandFile::open(path));
  const auto name = utf8_from_path(path);
  auto module = breakpad::read_module_record(text.view(0, breakpad::kMaxModuleLine));
  if (!module.ok()) return std::move(module).take_error().with_context(name);
  if (ascii_lower(module->debug_id) != ascii_lower(debug_id)) {
    return Error{Errc::Malformed, fmt::format("{} is of another build: {}, and the dump has {}",
                                              name, module->debug_id, debug_id)};
  }
  const std::string own_id(module->debug_id);  // with its own case; the view ends with the next
  auto file = std::make_unique<SymSymbols>(path, std::move(text), cache);
  if (auto opened = file->open_index(own_id); !opened.ok())
    return std::move(opened).take_error().with_context(name);
  return std::unique_ptr<SymbolFile>(std::move(file));
}

}  // namespace vigil::symbols
