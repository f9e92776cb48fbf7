package bowshot_test

import (
	"io"
	"net/http"
	"testing"

	bowshot "github.com/bowshot/bowshot/clients/go"
)

// The requests for pictures, as the protocol spells them; what the server draws is for its own tests.
func TestPictures(t *testing.T) {
	var asked string
	client := fake(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.Method + " " + r.URL.RequestURI()
		if r.Method == http.MethodPost {
			body, _ := io.ReadAll(r.Body)
			asked += " " + string(body)
		}
		w.Header().Set("Bowshot-Version", "v1")
		w.Header().Set("Content-Type", "image/png")
		_, _ = io.WriteString(w, "picture")
	})
	dataset := client.Dataset("d").Filter("a > 1 AND b = 'x,y'").Compute("c", "a * 2")
	picture, err := dataset.Picture(t.Context(), bowshot.Density{X: "a", Y: "c", Width: 10, Height: 5}, bowshot.PNG)
	if err != nil || string(picture.Bytes) != "picture" || picture.MediaType != "image/png" ||
		picture.Facts.Version != "v1" {
		t.Errorf("%+v %v", picture, err)
	}
	const body = `POST /v1/query {"compute":["c:a * 2"],"dataset":"d","filter":"a > 1 AND b = 'x,y'",` +
		`"format":"png","height":5,"shape":"density","width":10,"x":"a","y":"c"}`
	if asked != body {
		t.Errorf("%s\nwant %s", asked, body)
	}
	_, err = dataset.Tile(t.Context(), bowshot.Tile{
		X: "lon", Y: "lat", Zoom: 3, Column: 4, Row: 5, Double: true, Scale: "log", Projection: "plane",
	}, bowshot.PNG)
	const target = "GET /v1/datasets/d/tiles/3/4/5@2x.png?filter=a+%3E+1+AND+b+%3D+%27x%2Cy%27&compute=c%3Aa+%2A+2" +
		"&x=lon&y=lat&scale=log&projection=plane"
	if err != nil || asked != target {
		t.Errorf("%v %s\nwant %s", err, asked, target)
	}
	_, err = dataset.Tile(t.Context(), bowshot.Tile{X: "a", Y: "c"}, bowshot.WebP)
	wantCode(t, err, bowshot.CodeBadAnswer) // the picture is a PNG
	_, err = dataset.TileData(t.Context(), bowshot.Tile{X: "a", Y: "c"})
	wantCode(t, err, bowshot.CodeBadAnswer)
}

func TestTileJSON(t *testing.T) {
	var asked string
	client := fake(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.RequestURI()
		_, _ = io.WriteString(w, `{"tilejson":"3.0.0","tiles":["http://h/{z}/{x}/{y}.png"],"minzoom":0,`+
			`"maxzoom":22,"plane_bounds":[0,1,2,3]}`)
	})
	described, err := client.Dataset("d").FilterJSON(true).TileJSON(t.Context(), bowshot.Tile{X: "a", Y: "b"})
	if err != nil || described.MaxZoom != 22 || len(described.Tiles) != 1 || described.PlaneBounds[3] != 3 {
		t.Errorf("%+v %v", described, err)
	}
	if want := "/v1/datasets/d/tiles.json?filter-lang=cql2-json&filter=true&x=a&y=b"; asked != want {
		t.Errorf("%s, want %s", asked, want)
	}
}

// Against the real server, whatever it serves by now: a picture, or that it does not draw.
func TestRealPictures(t *testing.T) {
	client := connect(t)
	picture, err := client.Dataset("people").Picture(t.Context(),
		bowshot.Density{X: "id", Y: "age", Width: 4, Height: 4}, bowshot.PNG)
	if err != nil {
		wantCode(t, err, bowshot.CodeUnknownShape)
	} else if string(picture.Bytes[1:4]) != "PNG" {
		t.Errorf("%q", picture.Bytes)
	}
}
