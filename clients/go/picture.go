package bowshot

import (
	"context"
	"fmt"
	"net/http"
)

// Picture is an image that the server drew.
type Picture struct {
	Bytes     []byte
	MediaType string
	Facts     Facts
}

// Picture draws a density, as PNG or WebP.
func (d Dataset) Picture(ctx context.Context, density Density, format Format) (*Picture, error) {
	request, err := d.Request(density)
	if err != nil {
		return nil, err
	}
	if request, err = request.with("format", format); err != nil {
		return nil, err
	}
	return d.client.picture(ctx, request.message("*/*"), format)
}

// Tile is one square of a map, of 256 x 256 pixels, or 512 x 512 if it is Double. X and Y are columns;
// Column and Row are the tile's place at Zoom (0 to 22), counted from 0 at the top left. Projection is
// "mercator", the default, with X and Y in degrees, or "plane". Value, Color and Scale are as in
// [Density].
type Tile struct {
	X, Y              string
	Zoom, Column, Row int
	Double            bool
	Value             string
	Color             string
	Scale             string
	Projection        string
}

// Tile draws a tile, as PNG or WebP.
func (d Dataset) Tile(ctx context.Context, tile Tile, format Format) (*Picture, error) {
	target, err := d.tileTarget(tile, format)
	if err != nil {
		return nil, err
	}
	return d.client.picture(ctx, &message{method: http.MethodGet, target: target, accept: "*/*"}, format)
}

// TileData reads a tile's counts or values as Arrow, as a [Density] of its pixels.
func (d Dataset) TileData(ctx context.Context, tile Tile) (*Reader, error) {
	target, err := d.tileTarget(tile, ArrowStream)
	if err != nil {
		return nil, err
	}
	return d.client.read(ctx, &message{
		method: http.MethodGet, target: target, accept: d.client.acceptArrow(),
	})
}

func (d Dataset) tileTarget(tile Tile, format Format) (string, error) {
	query, err := d.tileQuery(tile)
	double := ""
	if tile.Double {
		double = "@2x"
	}
	return fmt.Sprintf("%s/tiles/%d/%d/%d%s.%s?%s", d.path(), tile.Zoom, tile.Column, tile.Row, double,
		format, query), err
}

func (d Dataset) tileQuery(tile Tile) (string, error) {
	asked, err := d.parameters(Count{})
	asked.addText("x", tile.X)
	asked.addText("y", tile.Y)
	asked.addText("value", tile.Value)
	asked.addText("color", tile.Color)
	asked.addText("scale", tile.Scale)
	asked.addText("projection", tile.Projection)
	return asked.query(), err
}

// TileJSON describes a map, for libraries that read TileJSON 3.0.0.
type TileJSON struct {
	Version     string      `json:"tilejson"`
	Tiles       []string    `json:"tiles"`
	MinZoom     int         `json:"minzoom"`
	MaxZoom     int         `json:"maxzoom"`
	Bounds      []float64   `json:"bounds"`
	PlaneBounds *[4]float64 `json:"plane_bounds"`
}

// TileJSON describes the tiles of two columns; of tile, the place does not matter.
func (d Dataset) TileJSON(ctx context.Context, tile Tile) (*TileJSON, error) {
	query, err := d.tileQuery(tile)
	if err != nil {
		return nil, err
	}
	var description TileJSON
	if err := d.client.transport.json(ctx, d.path()+"/tiles.json?"+query, &description); err != nil {
		return nil, err
	}
	return &description, nil
}

func (c *Client) picture(ctx context.Context, m *message, format Format) (*Picture, error) {
	body, header, err := c.transport.whole(ctx, m)
	if err != nil {
		return nil, err
	}
	if !isMedia(header, "image/"+string(format)) {
		return nil, failure(CodeBadAnswer, nil, "the answer is %q, not a picture as %s",
			header.Get("Content-Type"), format)
	}
	return &Picture{Bytes: body, MediaType: header.Get("Content-Type"), Facts: factsOf(header)}, nil
}
