#include "source/verified_source.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

#include "source/page_check.hpp"

namespace bowshot {

namespace {

/// Who asks for a version that is being checked waits this long, then is told to come back.
constexpr auto kCheckWait = std::chrono::seconds(20);

bool has_file(const Dataset* dataset, const DataFile* file) {
  return dataset != nullptr && std::ranges::any_of(dataset->files(), [&](const DatasetFile& part) {
           return part.file.get() == file;
         });
}

}  // namespace

std::optional<VerifiedSource::Answer> VerifiedSource::known(const State& state,
                                                            const Dataset& dataset) {
  if (state.sound && state.sound->version() == dataset.version()) return state.sound;
  if (state.problem && state.broken_version == dataset.version())
    return fail(Error(*state.problem));
  return std::nullopt;
}

void VerifiedSource::check(const std::shared_ptr<const Dataset>& dataset, const StopToken& stop) {
  const auto before = state_.with([](const State& state) { return state.sound; });
  Result<void> checked;
  for (const DatasetFile& part : dataset->files()) {
    if (has_file(before.get(), part.file.get())) continue;
    checked = check_pages(part.file, stop);
    if (!checked) break;
  }
  // What is not broken, but could not be read to its end, is checked again when it is asked for.
  const bool is_broken = !checked && checked.error().code == ErrorCode::kBadData;
  if (is_broken)
    spdlog::warn("a version of a dataset is refused dataset={} version={} what=\"{}\"",
                 dataset->name(), dataset->version(), checked.error().detail);
  state_.with([&](State& state) {
    state.is_checking = false;
    if (checked) state.sound = dataset;
    if (!is_broken) return;
    state.broken_version = dataset->version();
    state.problem = checked.error();
  });
  state_.notify();
}

void VerifiedSource::check_now() {
  if (const auto dataset = source_->current_if_ready()) check(*dataset, {});
}

VerifiedSource::Answer VerifiedSource::look(const std::shared_ptr<const Dataset>& dataset) {
  return state_.with([&](State& state) -> Answer {
    if (auto answer = known(state, *dataset)) return *std::move(answer);
    if (!state.is_checking) {
      state.is_checking = true;
      worker_->submit([self = shared_from_this(), dataset](const StopToken& stop) {
        self->check(dataset, stop);
      });
    }
    return fail(ErrorCode::kNotReady,
                fmt::format("dataset {} has a new version, every page of which is being checked "
                            "against its checksum",
                            dataset->name()));
  });
}

VerifiedSource::Answer VerifiedSource::current_if_ready() {
  BOWSHOT_ASSIGN(const auto dataset, source_->current_if_ready());
  return look(dataset);
}

VerifiedSource::Answer VerifiedSource::current() {
  BOWSHOT_ASSIGN(const auto dataset, source_->current());
  auto answer = look(dataset);
  if (answer || answer.error().code != ErrorCode::kNotReady) return answer;
  return state_.wait_until(
      std::chrono::steady_clock::now() + kCheckWait,
      [&](const State& state) { return known(state, *dataset) || !state.is_checking; },
      [&](const State& state) { return known(state, *dataset).value_or(std::move(answer)); });
}

}  // namespace bowshot
