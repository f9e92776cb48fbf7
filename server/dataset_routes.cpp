#include <arrow/type.h>
#include <fmt/format.h>

#include <boost/json.hpp>

#include "exchange.hpp"
#include "preconditions.hpp"
#include "problem.hpp"
#include "source/data_type.hpp"

namespace bowshot {

namespace {

std::string_view state_name(ViewStatus::State state) {
  switch (state) {
    case ViewStatus::State::kBuilding:
      return "building";
    case ViewStatus::State::kReady:
      return "ready";
    case ViewStatus::State::kFailed:
      return "failed";
  }
  return "";
}

std::string_view kind_name(ViewKind kind) {
  switch (kind) {
    case ViewKind::kMatchCounts:
      return "filter";
    case ViewKind::kMatchedRows:
      return "matches";
    case ViewKind::kRowOrder:
      return "order";
  }
  return "";
}

boost::json::object describe_view(const ViewStatus& view) {
  boost::json::object described = {{"kind", kind_name(view.kind)},
                                   {"state", state_name(view.state)},
                                   {"rows", view.rows},
                                   {"bytes", view.bytes},
                                   {"progress", view.progress}};
  if (view.kind == ViewKind::kRowOrder) {
    described["order"] = view.order;
    described["filtered"] = view.is_filtered;
  }
  return described;
}

}  // namespace

std::string describe(const Dataset& dataset, const DatasetSource& source,
                     const std::vector<ViewStatus>& kept) {
  boost::json::array columns;
  for (const auto& field : dataset.schema()->fields())
    columns.push_back({{"name", field->name()},
                       {"type", type_name(*field->type())},
                       {"nullable", field->nullable()}});
  boost::json::object origin = {{"kind", source.kind()}, {"files", dataset.files().size()}};
  for (auto& [key, value] : source.details()) origin[key] = value;
  boost::json::array views;
  for (const ViewStatus& view : kept) views.push_back(describe_view(view));
  return boost::json::serialize(boost::json::object{{"name", dataset.name()},
                                                    {"version", dataset.version()},
                                                    {"rows", dataset.rows()},
                                                    {"bytes", dataset.bytes()},
                                                    {"row_numbers", dataset.has_row_numbers()},
                                                    {"source", std::move(origin)},
                                                    {"columns", std::move(columns)},
                                                    {"views", std::move(views)}});
}

namespace {

/// A dataset whose files cannot be opened now hides none of the others: it is listed with why.
boost::json::object summarize(const std::string& name,
                              const Result<std::shared_ptr<const Dataset>>& dataset) {
  if (!dataset)
    return {{"name", name},
            {"version", ""},
            {"rows", 0},
            {"columns", 0},
            {"problem", boost::json::parse(problem_json(dataset.error()))}};
  return {{"name", name},
          {"version", (*dataset)->version()},
          {"rows", (*dataset)->rows()},
          {"columns", (*dataset)->schema()->num_fields()}};
}

}  // namespace

void App::list_datasets(Exchange& exchange) {
  if (!exchange.takes_no_parameters()) return;
  boost::json::array datasets;
  for (const std::string& name : catalog_->names()) {
    const auto source = catalog_->find(name);
    if (!source) continue;  // removed since its name was read
    datasets.push_back(summarize(name, (*source)->current_if_ready()));
  }
  const std::string body = boost::json::serialize(boost::json::object{{"datasets", datasets}});
  exchange.send_tagged(weak_etag(body), "application/json", body);
}

void App::describe_dataset(Exchange& exchange) {
  if (!exchange.takes_no_parameters()) return;
  const auto source = catalog_->find(exchange.parts[0]);
  if (!source) return exchange.send_error(source.error());
  const auto dataset = (*source)->current();
  if (!dataset) return exchange.send_error(dataset.error());
  const std::string body =
      describe(**dataset, **source, view_engine_->list((*dataset)->name(), (*dataset)->version()));
  exchange.headers.set("Bowshot-Version", (*dataset)->version());
  exchange.send_tagged(description_etag((*dataset)->version(), body), "application/json", body);
}

}  // namespace bowshot
