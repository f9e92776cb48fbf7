// Which datasets are served, at the start and when the configuration is read again.
#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "app.hpp"
#include "log.hpp"
#include "source/verified_source.hpp"

namespace bowshot {

namespace {

Result<std::vector<DatasetSpec>> specs_of(const ServeOptions& options) {
  std::vector<DatasetSpec> specs;
  for (const std::string& argument : options.datasets) {
    BOWSHOT_ASSIGN(DatasetSpec spec, DatasetSpec::parse(argument));
    specs.push_back(std::move(spec));
  }
  for (const DatasetConfig& dataset : options.configured_datasets)
    specs.push_back({.name = dataset.name, .pattern = dataset.path, .options = dataset.import});
  return specs;
}

/// Versions with a broken page are refused from here on; those that are there now are checked now.
void verify_pages(Catalog& catalog, WorkThread& verifier) {
  for (const std::string& name : catalog.names()) {
    const auto source = catalog.find(name);
    if (!source || (*source)->is_checked_by_itself()) continue;
    const auto verified = std::make_shared<VerifiedSource>(*source, &verifier);
    verified->check_now();
    catalog.replace(name, verified);
  }
}

}  // namespace

Result<void> App::open_datasets(const ServeOptions& options) {
  BOWSHOT_ASSIGN(const std::vector<DatasetSpec> specs, specs_of(options));
  catalog_ = std::make_unique<Catalog>();
  for (const DatasetSpec& spec : specs) {
    BOWSHOT_ASSIGN(auto sources, make_sources(spec, importer_.get()));
    for (auto& [name, source] : sources) {
      BOWSHOT_TRY(catalog_->add(name, std::move(source)));
      configured_.emplace(name, spec);
    }
  }
  BOWSHOT_TRY(open_published(options));
  if (options.verify) verify_pages(*catalog_, verifier_);
  auto unopened = catalog_->open_all();
  const auto is_broken = [](const Catalog::Unopened& dataset) {
    return dataset.error.code != ErrorCode::kNotReady;
  };
  // One dataset that cannot be opened hides none of the others; where none can, nothing is served.
  if (!unopened.empty() && unopened.size() == catalog_->names().size() &&
      std::ranges::all_of(unopened, is_broken)) {
    auto& [name, error] = unopened.front();
    const auto spec = configured_.find(name);  // to who gave the path, it is shown whole
    const std::string from = spec == configured_.end() ? "" : " of " + spec->second.pattern;
    error.detail = fmt::format("dataset {}{}: {}", name, from, error.detail);
    return std::unexpected(std::move(error));
  }
  for (const auto& dataset : unopened | std::views::filter(is_broken))
    log_event(spdlog::level::warn, "dataset cannot be opened",
              {{"dataset", dataset.name}, {"what", dataset.error.detail}});
  return {};
}

Result<void> App::add_change(DatasetChanges& changes, const DatasetSpec& spec,
                             const std::string& name, std::shared_ptr<DatasetSource> source) const {
  if (!changes.configured.emplace(name, spec).second)
    return fail(ErrorCode::kBadParameter, fmt::format("two datasets are named {}", name));
  const auto present = configured_.find(name);
  if (present != configured_.end() && present->second == spec) return {};
  if (present == configured_.end() && catalog_->find(name))
    return fail(ErrorCode::kBadParameter,
                fmt::format("a published dataset is named {} already", name));
  if (const auto opened = source->current_if_ready();
      !opened && opened.error().code != ErrorCode::kNotReady)
    return fail(opened.error().code, fmt::format("dataset {}: {}", name, opened.error().detail));
  changes.sources.emplace(name, std::move(source));
  return {};
}

/// What is new or another must open now; what stays keeps its source, and so its version.
Result<App::DatasetChanges> App::find_changes(const ServeOptions& options) {
  BOWSHOT_ASSIGN(const std::vector<DatasetSpec> specs, specs_of(options));
  DatasetChanges changes;
  for (const DatasetSpec& spec : specs) {
    BOWSHOT_ASSIGN(auto sources, make_sources(spec, importer_.get()));
    for (auto& [name, source] : sources) {
      if (options.verify && !source->is_checked_by_itself())
        source = std::make_shared<VerifiedSource>(std::move(source), &verifier_);
      BOWSHOT_TRY(add_change(changes, spec, name, std::move(source)));
    }
  }
  return changes;
}

Result<void> App::reload(const ServeOptions& options) {
  BOWSHOT_ASSIGN(auto settings, Settings::make(options));
  BOWSHOT_ASSIGN(DatasetChanges changes, find_changes(options));
  for (const auto& [name, spec] : configured_) {
    if (changes.configured.contains(name)) continue;
    catalog_->remove(name);
    log_event(spdlog::level::info, "dataset removed", {{"dataset", name}});
  }
  for (auto& [name, source] : changes.sources) {
    const bool is_new = catalog_->replace(name, std::move(source)) == nullptr;
    log_event(spdlog::level::info, is_new ? "dataset added" : "dataset changed",
              {{"dataset", name}});
  }
  configured_ = std::move(changes.configured);
  admission_.set_limits(settings->limits);
  const bool is_same_token = this->settings()->token == settings->token;
  settings_.with([&](auto& current) { current = std::move(settings); });
  if (!is_same_token) sessions_.clear();
  return {};
}

}  // namespace bowshot
